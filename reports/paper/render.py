"""HTML to PDF by WeasyPrint: tagged, with its language and title, one at a time in each process."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import get_language

WAIT_SECONDS = 15  # for the one before: a request that waits longer keeps a thread from others

_one_at_a_time = threading.Lock()  # a render is all processor, and takes some ten MB a page


class Busy(Exception):
    """Others are being rendered; try again in a moment."""


def pdf(template: str, context: Mapping[str, Any], pictures: Mapping[str, bytes], *, readable: bool = False) -> bytes:
    """The template as a PDF. `pictures` (JPEG or SVG) by the name that the template calls them by, as in src="picture:map".

    `readable` leaves its streams uncompressed, for tests. Raises Busy where others take too long.
    """
    from weasyprint import HTML  # takes a second and 40 MB, which a process that makes no PDF need not spend

    from reports.paper.fetcher import Fetcher

    html = render_to_string(template, {**context, "language": get_language()})
    if not _one_at_a_time.acquire(timeout=WAIT_SECONDS):
        raise Busy
    try:
        made: bytes = HTML(string=html, url_fetcher=Fetcher(pictures)).write_pdf(pdf_variant="pdf/ua-1", uncompressed_pdf=readable)
    finally:
        _one_at_a_time.release()
    return made
