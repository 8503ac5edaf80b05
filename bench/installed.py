"""What is measured beside us, installed at bench time into .local/bench/peers by the ordinary clients; versions stand in bench/beside/."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BESIDE = ROOT / "bench/beside"
PLACE = ROOT / ".local/bench/peers"
PYTHON = PLACE / "python/bin/python"
ORACLES = PLACE / "oracles"


def packages() -> str:
    """The folder of the Python packages, for PYTHONPATH."""
    return str(next((PLACE / "python/lib").glob("python*/site-packages")))


def python() -> str:
    """Installs the Python packages; what stood in the way, or nothing."""
    uv = str(Path(sys.executable).parent / "uv")
    made = "" if PYTHON.exists() else _tried([uv, "venv", "-q", "--python", sys.executable, str(PLACE / "python")])
    return made or _tried([uv, "pip", "install", "-q", "--python", str(PYTHON), "-r", str(BESIDE / "requirements.txt")])


def oracles() -> str:
    """Installs what our answers are compared with, for this process to import after all that the portal brings; what stood in the way, or nothing."""
    uv = str(Path(sys.executable).parent / "uv")
    missing = _tried([uv, "pip", "install", "-q", "--python", sys.executable, "--target", str(ORACLES), "-r", str(BESIDE / "oracles.txt")])
    if not missing and str(ORACLES) not in sys.path:
        sys.path.append(str(ORACLES))
    return missing


def node() -> str:
    """Installs the Node packages; what stood in the way, or nothing."""
    PLACE.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "clusters.mjs", "markercluster.html"):
        shutil.copy(BESIDE / name, PLACE / name)
    npm = shutil.which("npm")
    return _tried([npm, "install", "--silent", "--no-audit", "--no-fund"]) if npm else "there is no npm"


def _tried(words: list[str]) -> str:
    PLACE.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(words, cwd=PLACE, capture_output=True, text=True, timeout=300)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)[:300]
    return (done.stderr or done.stdout or "it failed")[-300:].strip() if done.returncode else ""
