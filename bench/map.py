"""The map in Chromium over a big database: the first marker on a cold browser, and a session of panning and zooming, its frames and long tasks."""

from __future__ import annotations

import os
import statistics
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from playwright.sync_api import Page, sync_playwright

from bench.scene import make_desk, say
from bench.serving import served
from insights.pyramid.build import build
from insights.pyramid.models import Pyramid

COLD = 5
PICTURES = Path(settings.BASE_DIR) / ".local" / "bench"
WATCH = """() => {
  window.frames_ = []; window.tasks = []; let last = performance.now();
  const tick = (now) => { window.frames_.push(now - last); last = now; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.tasks.push(entry.duration); }).observe({ type: "longtask" });
}"""
FIRST = """() => new Promise((done, failed) => {
  setTimeout(() => failed(new Error("no marker within a minute")), 60000);
  const look = () => document.querySelector(".map-cluster, .map-single") ? done(performance.now()) : requestAnimationFrame(look);
  look();
})"""
WORKING = FIRST.replace(".map-cluster, .map-single", ".leaflet-marker-icon")  # a marker that answers to a click
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


def run(number: int, open_percent: int) -> dict[str, Any]:
    """Seconds to the first marker (median of five cold browsers) and bytes of the whole page; percentiles of frames while panning and zooming."""
    make_desk(number, open_percent)
    if not Pyramid.objects.exists():  # of a scene it may stand already
        build()
    # Playwright's event loop runs in this thread; the ORM is not used meanwhile
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with served() as port, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM") or "/usr/bin/chromium", args=ARGUMENTS)
        url = f"http://127.0.0.1:{port}/"
        firsts, weights = zip(*(_cold(chromium, url) for _ in range(COLD + 1)), strict=True)
        working = [_cold(chromium, url, WORKING)[0] for _ in range(COLD)]
        frames, tasks, markers = _session(chromium.new_page(viewport={"width": 1280, "height": 800}), url)
        chromium.close()
    say(
        f"first marker {statistics.median(firsts[1:]):.0f} ms, {max(weights) // 1000} KB; {len(tasks)} long tasks, the longest {max(tasks, default=0):.0f} ms"
    )
    return {
        "bytes": max(weights),
        "markers": markers,
        "frames": len(frames),
        "long_tasks": len(tasks),
        "seconds": {
            "first marker, cold browser, median": statistics.median(firsts[1:]) / 1e3,
            "a marker that answers to a click, median": statistics.median(working) / 1e3,
            "a frame, p50": _p(frames, 50) / 1e3,
            "a frame, p95": _p(frames, 95) / 1e3,
            "a frame, p99": _p(frames, 99) / 1e3,
            "the longest task": max(tasks, default=0.0) / 1e3,
        },
        "shares": {"frames within 1/50 s": sum(frame <= 20 for frame in frames) / len(frames)},
        "ratios": {},
    }


def _cold(chromium: Any, url: str, first_marker: str = FIRST) -> tuple[float, int]:
    """Milliseconds from the navigation to the first marker, and what came over the line until then, in a browser that knows nothing."""
    context = chromium.new_context(viewport={"width": 360, "height": 740}, device_scale_factor=2)
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    received: list[int] = []
    session.on("Network.loadingFinished", lambda event: received.append(int(event["encodedDataLength"])))
    page.goto(url, wait_until="commit")
    first = float(page.evaluate(first_marker))
    page.wait_for_load_state("networkidle")
    context.close()
    return first, sum(received)


def _session(page: Page, url: str) -> tuple[list[float], list[float], int]:
    """Drags and wheels over the province as somebody would who looks for something; the most markers that stood at once. Pictures stand in PICTURES."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.goto(f"{url}?at=9.1,105.2,10")
    page.wait_for_selector(".map-cluster, .map-single")
    page.wait_for_timeout(1000)
    page.evaluate(WATCH)
    most = 0
    for step in range(24):
        page.mouse.move(800, 400)
        if step % 6 == 5:
            page.mouse.wheel(0, -300 if step < 12 else 300)
        else:
            page.mouse.down()
            for part in range(20):
                page.mouse.move(800 + (part * 12 if step % 2 else -part * 12), 400 + (part * 5 if step % 3 else -part * 5))
                time.sleep(0.012)
            page.mouse.up()
        page.wait_for_timeout(350)
        if step % 6 == 4:  # before the wheel turns: where somebody looks around
            page.screenshot(path=PICTURES / f"map-{step // 6 + 1}.png")
        most = max(most, page.locator(".map-cluster, .map-single").count())
    frames, tasks = page.evaluate("() => [window.frames_.slice(2), window.tasks]")
    return frames, tasks, most


def _p(spent: list[float], percent: int) -> float:
    return statistics.quantiles(spent, n=100, method="inclusive")[percent - 1]
