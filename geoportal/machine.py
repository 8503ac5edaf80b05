"""How many processes this machine carries: by the processors and the memory that this process may use, not by those that the host has.

`python -m geoportal.machine` says how many jobs a worker does at the same time. Without Django: gunicorn reads it before anything is loaded.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path

MOST_WEB = 9  # with four threads each, of the hundred connections that PostgreSQL gives by default
MOST_JOBS = 8
MB_A_PROCESS = 250  # a web process after thousands of requests, photos among them, with room to spare
WEB_SHARE = 0.6  # of the memory; the rest is for worker, files and whatever else runs here
NO_LIMIT = 1 << 50  # bytes: version 1 of cgroups says “none” by a number about as large as an address can be


def processors(root: Path = Path("/")) -> float:
    """How many processors this process may use: those it may run on, cut by the quota of its container."""
    return min([float(len(os.sched_getaffinity(0))), *_quotas(root)])


def memory_mb(root: Path = Path("/")) -> float:
    """Megabytes that this process and its neighbours in the container may use."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([float(total), *_memory_limits(root)]) / 1e6


def web_processes(root: Path = Path("/")) -> int:
    """Web processes: one more than processors, as many as memory carries, at least two so that one may be slow."""
    wanted = math.ceil(processors(root)) + 1
    return max(2, min(wanted, MOST_WEB, int(memory_mb(root) * WEB_SHARE / MB_A_PROCESS)))


def jobs_at_once(root: Path = Path("/")) -> int:
    """Jobs that a worker does at the same time: most of them wait for a mail server or the database."""
    return max(2, min(math.ceil(processors(root)), MOST_JOBS))


def _quotas(root: Path) -> Iterator[float]:
    for folder in _folders(root, ""):
        quota, _space, period = _said(folder / "cpu.max").partition(" ")
        if quota.isdigit() and period.isdigit():
            yield int(quota) / int(period)
    for folder in _folders(root, "cpu"):
        quota, period = _said(folder / "cpu.cfs_quota_us"), _said(folder / "cpu.cfs_period_us")
        if quota.isdigit() and period.isdigit():  # "-1" is none
            yield int(quota) / int(period)


def _memory_limits(root: Path) -> Iterator[float]:
    files = [folder / "memory.max" for folder in _folders(root, "")]
    files += [folder / "memory.limit_in_bytes" for folder in _folders(root, "memory")]
    for file in files:
        limit = _said(file)
        if limit.isdigit() and int(limit) < NO_LIMIT:
            yield float(limit)


def _folders(root: Path, controller: str) -> Iterator[Path]:
    """The control group of this process and those above it, the nearest first; of a controller (version 1), or "" (version 2)."""
    top = root / "sys/fs/cgroup" / controller
    for line in _said(root / "proc/self/cgroup").splitlines():
        _number, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            group = Path(path.lstrip("/"))
            yield from (top / part for part in (group, *group.parents) if part != Path())
    yield top


def _said(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""


if __name__ == "__main__":
    sys.stdout.write(f"{jobs_at_once()}\n")
