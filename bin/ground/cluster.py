"""The embedded database: a private PostGIS cluster of this clone, on a port and a socket of its own (docs/adr/0001)."""

import contextlib
import hashlib
import os
import pwd
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ground import LOCAL, ROOT, Stop, is_free, lock, step

STATE = LOCAL / "postgis"
ELSEWHERE = Path("/var/lib/geoportal")
FIRST_PORT = 54320  # far from 5432, where a system's own cluster listens
OLDEST = 15
SOCKET_PATH_LIMIT = 107


def versions() -> dict[int, Path]:
    """The programs of each installed PostgreSQL that has PostGIS and the contributed extensions we use, by major version."""
    found = {}
    for server in Path("/usr/lib/postgresql").glob("*/bin/postgres"):
        version = int(server.parent.parent.name)
        extensions = Path(f"/usr/share/postgresql/{version}/extension")
        if version >= OLDEST and all((extensions / f"{name}.control").exists() for name in ("postgis", "btree_gist", "pg_trgm")):
            found[version] = server.parent
    if not found and shutil.which("pg_config"):  # not a Debian: whatever pg_config knows
        asked = subprocess.run(["pg_config", "--version", "--bindir", "--sharedir"], capture_output=True, text=True, check=True)
        name, binaries, share = asked.stdout.splitlines()
        version = int(re.findall(r"\d+", name)[0])
        if version >= OLDEST and (Path(binaries) / "postgres").exists() and (Path(share) / "extension/postgis.control").exists():
            found[version] = Path(binaries)
    return found


class Cluster:
    """The cluster in one home folder: data, port, password and log."""

    user: tuple[int, int] | None  # whom the server runs as, when that is not us

    def __init__(self) -> None:
        self.home = self._home()
        self.data = self.home / "data"
        self.log = self.home / "log"

    # --- Where, and as whom -------------------------------------------------------------------------------------------
    def _home(self) -> Path:
        """Where the cluster lies: .local/postgis or, where its user may not enter the clone, /var/lib with .local/postgis as a link."""
        if not STATE.exists():
            STATE.unlink(missing_ok=True)  # a link whose goal is gone
            STATE.mkdir(mode=0o700, parents=True)
        home = STATE.resolve()
        if os.geteuid() != 0:
            self.user = None
            if not os.access(home, os.W_OK | os.X_OK):
                raise Stop(f"The embedded database in {home} belongs to {home.owner()}: run this as that user or as root, as before.")
            return home
        self.user = _unprivileged(home / "data")
        os.chown(home, *self.user)
        if self._may_use(home):
            return home
        if (home / "data").exists():
            raise Stop(f"The database's user {home.owner()} may not enter {home}: let it pass the folders above (chmod o+x).")
        STATE.rmdir()
        elsewhere = ELSEWHERE / hashlib.sha256(str(ROOT).encode()).hexdigest()[:12]
        elsewhere.mkdir(parents=True, exist_ok=True)
        ELSEWHERE.chmod(0o755)  # whatever the umask says: that user must pass
        elsewhere.chmod(0o700)
        os.chown(elsewhere, *self.user)
        STATE.symlink_to(elsewhere)
        return elsewhere

    def _may_use(self, folder: Path) -> bool:
        return self._run(["test", "-w", folder, "-a", "-x", folder], check=False).returncode == 0

    def _run(self, command: list[Any], **options: Any) -> subprocess.CompletedProcess[str]:
        """Run a program as the user of the cluster, deaf to the PG… variables of whoever called."""
        if self.user:
            options.update(user=self.user[0], group=self.user[1], extra_groups=[])
        env = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
        return subprocess.run([str(word) for word in command], **{"cwd": "/", "env": env, "text": True, "check": True, **options})

    def _programs(self) -> Path:
        """The programs of the PostgreSQL that made the data, or of the newest one when there is no data yet."""
        installed = versions()
        if (self.data / "PG_VERSION").exists():
            made_by = int((self.data / "PG_VERSION").read_text())
            if made_by not in installed:
                raise Stop(
                    f"The database in {self.data} was made by PostgreSQL {made_by}, which is not installed with PostGIS: install "
                    f"postgresql-{made_by}-postgis-3, or move the folder away to begin with an empty database."
                )
            return installed[made_by]
        if not installed:
            raise Stop(
                "PostgreSQL 15 or newer with PostGIS is not installed: run `bin/setup` first, or set DATABASE_URL to a server that has both."
            )
        return installed[max(installed)]

    def _socket_folder(self) -> Path:
        """A folder only our user may enter whose path is short enough for a socket's name."""
        if len(f"{self.home}/.s.PGSQL.{FIRST_PORT}") <= SOCKET_PATH_LIMIT:
            return self.home
        folder = Path("/tmp") / ("geoportal-" + hashlib.sha256(str(self.home).encode()).hexdigest()[:12])  # noqa: S108  made private below
        self._run(["mkdir", "-p", "-m", "700", folder])
        if folder.is_symlink() or folder.stat().st_uid != self.home.stat().st_uid or folder.stat().st_mode & 0o077:
            raise Stop(f"{folder} is not ours: remove it, the database wants it for its socket.")
        return folder

    # --- What is going on ---------------------------------------------------------------------------------------------
    def pid(self) -> int | None:
        """The server's process, or None. A stale postmaster.pid is not believed: the process must stand in the data folder."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
        except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
            return None
        return pid if pid in self._processes() else None

    def _processes(self) -> set[int]:
        """All processes that stand in the data folder: the server and its children."""
        found = set()
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if os.readlink(process / "cwd") == str(self.data):
                    found.add(int(process.name))
            except OSError:  # it ended meanwhile, or belongs to somebody else
                continue
        return found

    @property
    def port(self) -> int:
        return int((self.home / "port").read_text())

    @property
    def password(self) -> str:
        return (self.home / "password").read_text()

    def url(self) -> str:
        if not self.data.exists():
            raise Stop("There is no embedded database yet: `make run` or `bin/postgis start` makes it.")
        return f"postgis://geoportal:{quote(self.password)}@127.0.0.1:{self.port}/geoportal"

    # --- Life ---------------------------------------------------------------------------------------------------------
    def start(self) -> bool:
        """Start the server and wait until it answers; False when it was running already."""
        with lock("postgis"):
            if self.pid():
                return False
            if not self.data.exists():
                self._initialise()
            self._bury_the_dead()
            for _attempt in range(3):  # somebody may take the port between our look and the server's
                self._configure()
                if self.log.exists() and self.log.stat().st_size > 10_000_000:
                    self.log.replace(self.log.with_name("log.1"))
                started = self._run(
                    [self._programs() / "pg_ctl", "start", "-w", "-t", "120", "-s", "-D", self.data, "-l", self.log],
                    check=False, start_new_session=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                )  # fmt: skip
                if started.returncode == 0:
                    return True
            said = re.findall(r"(?:FATAL|PANIC): +(.*)", self.log.read_text(errors="replace") if self.log.exists() else "")
            raise Stop(f"The embedded database did not start ({said[-1] if said else 'it did not say why'}): see {self.log}.")

    def stop(self) -> bool:
        """Stop the server, letting running transactions go; False when it was not running."""
        with lock("postgis"):
            if not self.pid():
                return False
            self._run([self._programs() / "pg_ctl", "stop", "-m", "fast", "-w", "-t", "120", "-s", "-D", self.data])
            return True

    def _initialise(self) -> None:
        """Make the cluster beside its place and move it there when it is complete, so that an interruption leaves nothing half-made."""
        draft = self.home / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        password = self._write("password", secrets.token_urlsafe(24))
        initdb = [
            self._programs() / "initdb", "-D", draft, "--username=postgres", f"--pwfile={password}", "--auth=scram-sha-256",
            "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums",
        ]  # fmt: skip
        made = self._run(initdb, check=False, capture_output=True)
        if made.returncode:
            raise Stop(
                f"The embedded database could not be made ({made.stderr.strip().splitlines()[-1]}): see the disk and the rights of {self.home}."
            )
        with open(draft / "postgresql.conf", "a") as settings:
            settings.write("\ninclude_if_exists = 'geoportal.conf'  # written at each start; for settings of your own use ALTER SYSTEM\n")
        # One server process without a port does what a client would: no other user can connect before the passwords stand.
        # The portal's role is no superuser, as on any server with an administrator; PostGIS, which only a superuser may create,
        # stands in template1 so that the tests' databases have it too.
        self._run_sql(
            draft,
            "CREATE EXTENSION postgis;",
            f"CREATE ROLE geoportal LOGIN CREATEDB PASSWORD '{self.password}';",
            "CREATE DATABASE geoportal OWNER geoportal;",
            "SELECT 'complete' AS cluster FROM pg_extension, pg_database WHERE extname = 'postgis' AND datname = 'geoportal';",
        )
        draft.rename(self.data)

    def _run_sql(self, data: Path, *statements: str) -> None:
        """Run statements, one a line, in single-user mode; the last one must answer `complete`, for this mode has no exit code for errors."""
        program = [self._programs() / "postgres", "--single", "-D", data, "template1"]
        done = self._run(program, check=False, capture_output=True, input="\n".join(statements) + "\n")
        if 'cluster = "complete"' not in done.stdout:
            said = re.findall(r"(?:ERROR|FATAL|PANIC): +(.*)", done.stderr)
            raise Stop(f"The embedded database could not be made ({said[-1] if said else 'it did not say why'}): see {self.home}.")

    def _bury_the_dead(self) -> None:
        """After a killed server: wait for its orphans, then drop its lock files, whose number another process may have by now."""
        deadline = time.monotonic() + 30
        while self._processes():
            if time.monotonic() > deadline:
                raise Stop(
                    f"Processes of an earlier server still use {self.data} ({', '.join(map(str, self._processes()))}): end them and run this again."
                )
            time.sleep(0.2)
        for left in (self.data / "postmaster.pid", *self._socket_folder().glob(".s.PGSQL.*")):
            left.unlink(missing_ok=True)

    def _configure(self) -> None:
        remembered = [self.port] if (self.home / "port").exists() else []
        port = next((port for port in [*remembered, *range(FIRST_PORT, FIRST_PORT + 200)] if is_free(port)), None)
        if port is None:
            raise Stop(f"All ports from {FIRST_PORT} to {FIRST_PORT + 199} are taken: free one for the embedded database.")
        self._write("port", str(port))
        memory = _memory_mb()
        settings: dict[str, str | float] = {
            "listen_addresses": "'127.0.0.1'",
            "port": port,
            "unix_socket_directories": f"'{self._socket_folder()}'",
            "unix_socket_permissions": "0700",
            "max_connections": 100,
            "shared_buffers": f"{min(max(memory * 15 // 100, 128), 2048)}MB",
            "effective_cache_size": f"{max(memory // 2, 256)}MB",
            "work_mem": "32MB",
            "maintenance_work_mem": f"{min(max(memory // 16, 64), 512)}MB",
            "max_wal_size": "4GB",
            "random_page_cost": 1.1,  # disks without moving parts
            "jit": "off",  # compiling costs more than our short spatial queries take
            "timezone": "'UTC'",
            "log_timezone": "'UTC'",
        }
        shared = Path("/dev/shm")  # noqa: S108
        if not shared.exists() or shutil.disk_usage(shared).total < 256 * 2**20:  # as in a container: parallel queries would fail
            settings["dynamic_shared_memory_type"] = "sysv"
        lines = [f"{name} = {value}\n" for name, value in settings.items()]
        self._write("data/geoportal.conf", "".join(lines))

    def _write(self, name: str, text: str) -> Path:
        path = self.home / name
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        if self.user:
            os.chown(path, *self.user)
        return path

    def psql(self, arguments: list[str]) -> None:
        """Become psql, as the superuser of this cluster."""
        if not self.pid():
            raise Stop("The embedded database is not running: `bin/postgis start` starts it.")
        os.environ["PGPASSWORD"] = self.password
        program = self._programs() / "psql"
        os.execv(program, [str(program), "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres", "-d", "geoportal", *arguments])  # noqa: S606


@contextlib.contextmanager
def running() -> Iterator[None]:
    """The embedded database for as long as it is needed, unless DATABASE_URL names another.

    Whoever started it stops it, unless somebody else (a site and the tests, say) still uses it.
    """
    if os.environ.get("DATABASE_URL"):
        yield
        return
    cluster, ours = Cluster(), False
    try:
        with lock("postgis-users", shared=True):
            with step("embedded database"):
                ours = cluster.start()
            yield
    finally:
        if ours:
            with lock("postgis-users", wait=False) as unused:
                if unused:
                    cluster.stop()


def _unprivileged(data: Path) -> tuple[int, int]:
    """Whom root runs the server as: the owner of the data, or the user that the package made."""
    if data.exists():
        return data.stat().st_uid, data.stat().st_gid
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            user = pwd.getpwnam(name)
            return user.pw_uid, user.pw_gid
    raise Stop("PostgreSQL does not run as root and there is no user postgres: run this as an ordinary user.")


def _memory_mb() -> int:
    """The machine's memory, or the smaller limit of the container this runs in."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (text := limit.read_text().strip()).isdigit():
        total = min(total, int(text))
    return total // 2**20
