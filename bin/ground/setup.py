"""What a fresh machine lacks: system packages by apt, Python packages by their hashes."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from ctypes.util import find_library
from pathlib import Path

from ground import LOCAL, PYTHON, ROOT, VENV, Stop, cluster, room_for, step, writable

REQUIREMENTS = {"run": "run", "lint": "dev", "bench": "dev", "test": "dev"}  # dev holds everything of run
PROGRAMS = {
    "run": {"gettext", "postgis", "pango", "fonts"},
    "lint": {"gettext"},
    "bench": {"gettext", "postgis", "pango", "fonts"},
    "test": {"gettext", "postgis", "chromium", "fonts", "libatomic", "pango"},
}
STAMP = VENV / "requirements.stamp"
# Without a window of its own: the same tests take a third less of the processor's time
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def setup(profile: str, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Install what PROFILE (run, lint, bench or test) needs and this machine lacks; quick when there is nothing to do.

    MEANWHILE needs no more than the Python packages; it is called when something is installed, beside apt.
    """
    writable()
    wanted = _missing_programs(profile)
    with_venv = not _venv_is_current(profile)
    room_for(2 if wanted or with_venv else 0.2)
    sudo = _sudo(wanted) if wanted else []
    if "venv" in wanted:  # small, and nothing of Python's goes without
        _apt(sudo, {"venv"})
        wanted.remove("venv")
    if wanted or with_venv:
        with ThreadPoolExecutor(1) as beside:  # apt waits for the network and the disk, Python for the processor
            system = beside.submit(_apt, sudo, wanted) if wanted else None
            if with_venv:
                _make_venv(profile)
            meanwhile()
            if system:
                system.result()
    if profile == "test" and not browser():
        with step("Chromium, as Playwright packs it"):
            subprocess.run([VENV / "bin/playwright", "install", "--with-deps", "chromium"], check=True)


def browser() -> str | None:
    """The system's Chromium. Ubuntu's is a snap, which cannot read a test's files: there Playwright brings its own."""
    return next((path for name in BROWSERS if (path := shutil.which(name)) and not _is_a_snap(Path(path))), None)


def _is_a_snap(program: Path) -> bool:
    return "/snap/" in str(program.resolve()) or (program.stat().st_size < 100_000 and b"/snap/bin" in program.read_bytes())


# --- System packages --------------------------------------------------------------------------------------------------
def _missing_programs(profile: str) -> set[str]:
    """What is not on this machine, by what it is for."""
    there = {
        "gettext": bool(shutil.which("msgfmt")),
        "postgis": bool(os.environ.get("DATABASE_URL") or cluster.versions()),
        "chromium": bool(browser()) or _system() != "debian",
        "fonts": Path("/usr/share/fonts/truetype/dejavu").exists(),
        "libatomic": bool(find_library("atomic")),  # Playwright's own Node is linked to it
        "pango": all(find_library(name) for name in ("pango-1.0", "pangoft2-1.0", "harfbuzz-subset")),  # WeasyPrint sets text with it
    }
    missing = {want for want in PROGRAMS[profile] if not there[want]}
    if not VENV.exists() and importlib.util.find_spec("ensurepip") is None:
        missing.add("venv")
    return missing


def _system() -> str:
    release = Path("/etc/os-release")
    named = re.search(r'^ID="?(\w+)', release.read_text(), re.MULTILINE) if release.exists() else None
    return named[1] if named else "unknown"


def _packages(wanted: set[str]) -> list[str]:
    """The Debian packages for these wants, as this system calls them."""
    packages = {
        "venv": ["python3-venv"],
        "gettext": ["gettext"],
        "chromium": [_first_known("chromium-headless-shell", "chromium")] if "chromium" in wanted else [],
        "fonts": ["fonts-dejavu-core"],
        "libatomic": ["libatomic1"],
        "pango": ["libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0"],
    }
    if "postgis" in wanted:
        pattern = r"^postgresql-[0-9]+-postgis-3$"
        known = subprocess.run(["apt-cache", "search", "--names-only", pattern], capture_output=True, text=True, check=True).stdout
        newest = max((int(number) for number in re.findall(r"^postgresql-(\d+)-", known, re.MULTILINE)), default=0)
        if newest < cluster.OLDEST:
            raise Stop(
                "This system's archive has no PostgreSQL 15 or newer with PostGIS: use Debian 12, Debian 13 or Ubuntu 24.04, "
                "or set DATABASE_URL to a server that has both."
            )
        packages["postgis"] = [f"postgresql-{newest}", f"postgresql-{newest}-postgis-3"]
    return [package for want in sorted(wanted) for package in packages[want]]


def _first_known(*packages: str) -> str:
    """The first of these packages that the system's archive has; the last where it has none."""
    listed = subprocess.run(["apt-cache", "--quiet", "pkgnames", packages[0]], capture_output=True, text=True, check=True).stdout.split()
    return next((package for package in packages if package in listed), packages[-1])


def _sudo(wanted: set[str]) -> list[str]:
    """What to put before a command that root must run; asks for the password now, before anything runs at the same time."""
    names = {"venv": "Python's venv module", "postgis": "PostgreSQL ≥ 15 with PostGIS ≥ 3.3", "fonts": "the DejaVu fonts", "pango": "Pango"}
    lacking = ", ".join(names.get(want, want) for want in sorted(wanted))
    if not shutil.which("apt-get"):
        raise Stop(
            f"This machine lacks {lacking}, and packages are installed here only with apt: install them yourself and run this again."
        )
    if os.geteuid() == 0:
        return []
    ask = "an administrator has to install them (`sudo bin/setup`), then run this again."
    if not shutil.which("sudo"):
        raise Stop(f"This machine lacks {lacking}, and this user has no sudo to install packages: {ask}")
    if subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode == 0:
        return ["sudo", "-n"]
    if not sys.stdin.isatty() or subprocess.run(["sudo", "-v"]).returncode != 0:
        raise Stop(f"This machine lacks {lacking}, and sudo does not let this user install packages: {ask}")
    return ["sudo"]


def _apt(sudo: list[str], wanted: set[str]) -> None:
    log = LOCAL / "log" / "apt.log"
    quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "NEEDRESTART_SUSPEND=1"]
    patient = ["-o", "DPkg::Lock::Timeout=300", "-o", "Acquire::Retries=2"]  # a fresh machine may be updating itself
    with open(log, "w") as out:

        def run(*words: str) -> int:
            return subprocess.run([*sudo, *words], stdin=subprocess.DEVNULL, stdout=out, stderr=out).returncode

        with step("list of system packages"):
            run(*quiet, "apt-get", "-q", *patient, "update")  # a stale list may still do: what counts is the next step
            packages = _packages(wanted)
        with step("system packages: " + " ".join(packages)), _without_a_cluster_of_the_system(run, packages):
            if run(*quiet, "apt-get", "-qy", *patient, "install", "--no-install-recommends", *packages) != 0:
                reasons = [line for line in log.read_text(errors="replace").splitlines() if line.startswith(("E:", "dpkg:"))]
                raise Stop(
                    f"apt could not install {' '.join(packages)} ({reasons[0] if reasons else 'no reason given'}): "
                    f"see {log}, mend the network or the package sources, and run this again."
                )


class _without_a_cluster_of_the_system:  # noqa: N801  it reads as a part of the sentence
    """While a PostgreSQL server is being installed, keep its package from making and starting a cluster `main` on port 5432."""

    settings = "/etc/postgresql-common/createcluster.d/geoportal.conf"

    def __init__(self, run: Callable[..., int], packages: list[str]) -> None:
        self.run, self.needed = run, any(package.startswith("postgresql-") for package in packages)

    def __enter__(self) -> None:
        if self.needed:
            self.run("mkdir", "-p", os.path.dirname(self.settings))
            self.run("sh", "-c", f"echo 'create_main_cluster = false' >{self.settings}")

    def __exit__(self, *_: object) -> None:
        if self.needed:  # another PostgreSQL that somebody installs later is none of our business
            self.run("rm", "-f", self.settings)


# --- Python packages --------------------------------------------------------------------------------------------------
def _stamp(name: str) -> str:
    digest = hashlib.sha256((ROOT / f"requirements/{name}.txt").read_bytes())
    return f"{name} {digest.hexdigest()}"


def _venv_is_current(profile: str) -> bool:
    if not _venv_works():
        return False
    have = STAMP.read_text().splitlines() if STAMP.exists() else []
    names = {REQUIREMENTS[profile], "dev"}
    return any(_stamp(name) in have for name in names)


def _venv_works() -> bool:
    """Whether .venv is there, was made here (it does not survive being moved) and runs a Python that is new enough."""
    config = VENV / "pyvenv.cfg"
    if not config.exists() or not PYTHON.exists():
        return False
    asked = subprocess.run(
        [PYTHON, "-c", "import sys; print(sys.prefix); sys.exit(sys.version_info < (3, 11))"], capture_output=True, text=True
    )
    return asked.returncode == 0 and Path(asked.stdout.strip()) == VENV


def _make_venv(profile: str) -> None:
    name = REQUIREMENTS[profile]
    log = LOCAL / "log" / "pip.log"
    locked = ["--require-hashes", "-r", str(ROOT / "requirements" / f"{name}.txt")]
    with step("Python packages"), open(log, "w") as out:

        def run(*words: str | Path) -> bool:
            return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=ROOT).returncode == 0

        if not _venv_works() and not run(sys.executable, "-m", "venv", "--clear", VENV):
            raise Stop(f"Python's virtual environment could not be made in {VENV}: see {log}.")
        pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
        # uv takes seconds where pip takes a minute; where it cannot (a mirror that only pip knows), pip does the same
        fast = run(*pip, "--require-hashes", "-r", "requirements/uv.txt") and run(
            VENV / "bin/uv", "pip", "install", "--quiet", "--python", PYTHON, *locked
        )
        if not fast and not run(*pip, *locked):
            raise Stop(
                f"The Python packages could not be installed: see {log}, mend the network or the proxy settings, and run this again."
            )
        STAMP.write_text(_stamp(name) + "\n")
