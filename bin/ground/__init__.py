"""What the commands in bin/ share. Standard library only: it runs before anything is installed."""

import sys

# These files must stay readable for older Pythons (no match, no parenthesised with), or this sentence is never printed
if sys.version_info < (3, 11):
    sys.exit(
        "Python 3.11 or newer is needed and this is %d.%d: install it, or name another with `make … PYTHON=python3.12`."
        % sys.version_info[:2]
    )

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LOCAL = ROOT / ".local"  # everything that a run makes: database, secrets, logs, static files, media
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


class Stop(Exception):
    """Something is missing or in the way; the text is one sentence that says what to do."""


def command(main: Callable[[list[str]], int | None]) -> None:
    """Run a script's main function; what stops it becomes one sentence and a non-zero exit."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts background jobs deaf to it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # an exception, so that `finally` and `with` clean up
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        signal.signal(signal.SIGHUP, lambda *_: sys.exit(129))
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        sys.exit(f"\n✗ {stop}")
    except KeyboardInterrupt:
        sys.exit(130)
    except subprocess.CalledProcessError as failed:
        sys.exit(f"\n✗ `{' '.join(map(str, failed.cmd[:6]))}` failed with exit code {failed.returncode}; what it printed stands above.")


def say(line: str = "") -> None:
    print(line, flush=True)


@contextlib.contextmanager
def step(name: str) -> Iterator[None]:
    """Say what is being done, and when it is done how long it took."""
    say(f"· {name} …")
    start = time.monotonic()
    try:
        yield
    except BaseException:
        say(f"✗ {name}")
        raise
    say(f"✓ {name}  {time.monotonic() - start:.1f} s")


def writable() -> None:
    """Make .local/, or say why this clone cannot be used by this user."""
    try:
        LOCAL.mkdir(mode=0o755, exist_ok=True)
        (LOCAL / "log").mkdir(exist_ok=True)
        for place in (ROOT, LOCAL, LOCAL / "log", VENV if VENV.exists() else LOCAL):
            if not os.access(place, os.W_OK):
                raise PermissionError(13, "not writable", str(place))
    except OSError as error:
        raise Stop(
            f"This user cannot write to {error.filename} ({error.strerror}): "
            "clone the project into a folder of your own, or run this as the user who ran it first."
        ) from error


def room_for(gigabytes: float) -> None:
    """Refuse early when the disk would fill up half-way."""
    for place in {LOCAL if LOCAL.exists() else ROOT, Path("/var")}:
        free = shutil.disk_usage(place).free / 1e9
        if free < gigabytes:
            raise Stop(
                f"Only {free:.1f} GB are free on the disk of {place} and {gigabytes:g} GB are needed: free some space and run this again."
            )


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of the loopback address."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@contextlib.contextmanager
def lock(name: str, *, shared: bool = False, wait: bool = True) -> Iterator[bool]:
    """Hold .local/NAME.lock; it yields whether it was got, and the system lets go of it however this process ends."""
    with open(LOCAL / f"{name}.lock", "a") as file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    draft.replace(path)
