"""Files of all public reports in every format: seconds, and the most memory that the process held, with a hundredth of the reports, a tenth, and all."""

from __future__ import annotations

import itertools
import re
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.scene import make_desk, say
from insights.exports.files import FORMATS, write
from insights.exports.rows import rows
from reports.models import Report


def run(number: int, open_percent: int) -> dict[str, Any]:
    """Memory beyond what the process holds anyway, for a hundredth, a tenth and all: where it does not grow with the rows, their ratio is about one."""
    make_desk(number, open_percent)
    number = Report.objects.public().count()
    seconds: dict[str, float] = {}
    ratios: dict[str, float] = {}
    _write("csv", 1000)  # what is imported and compiled once
    for kind in FORMATS:
        peaks = []
        for most in (number // 100, number // 10, number):
            _forget_peak()
            before, start = _resident("VmRSS"), time.perf_counter()
            size = _write(kind, most)
            seconds[f"{kind}, {most} rows"] = time.perf_counter() - start
            peaks.append(_resident("VmHWM"))
            say(f"{kind}, {most} rows: {size / 1e6:.0f} MB of file, {before:.0f} MB held before, {peaks[-1]:.0f} MB at most")
        told = " / ".join(f"{peak:.0f}" for peak in peaks)
        ratios[f"{kind}: most memory with {number} rows / with a hundredth ({told} MB for a hundredth, a tenth, all)"] = (
            peaks[-1] / peaks[0]
        )
    return {"reports": number, "seconds": seconds, "ratios": ratios}


def _write(kind: str, most: int) -> int:
    """The bytes of a file of so many rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"reports{FORMATS[kind][1]}"
        write(kind, path, itertools.islice(rows(Report.objects.all()), most), lambda _number: None)
        return path.stat().st_size


def _forget_peak() -> None:
    """The kernel begins anew with the most that this process held."""
    Path("/proc/self/clear_refs").write_text("5")


def _resident(name: str) -> float:
    """Megabytes of this process in memory: VmRSS now, VmHWM at most."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1000 if found else 0.0
