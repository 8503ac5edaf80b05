"""What a PDF may read: our style sheet and the pictures handed over. No network, no file, whatever a text contains."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from django.contrib.staticfiles import finders
from weasyprint.urls import URLFetcher, URLFetcherResponse

STATIC = {"static:css/paper.css": "text/css"}


class Fetcher(URLFetcher):
    """Answers `static:` for the files named above and `picture:` for those handed over; refuses every other address with ValueError."""

    def __init__(self, pictures: Mapping[str, bytes]) -> None:
        super().__init__(allowed_protocols=())  # what the class could do by itself it may not
        self.pictures = pictures

    def fetch(self, url: str, headers: object = None) -> URLFetcherResponse:
        """The file or the picture."""
        if url in STATIC:
            found = finders.find(url.removeprefix("static:"))
            if isinstance(found, str):
                return URLFetcherResponse(url, Path(found).read_bytes(), {"Content-Type": f"{STATIC[url]}; charset=utf-8"})
        scheme, _colon, name = url.partition(":")
        if scheme == "picture" and name in self.pictures:
            content = self.pictures[name]
            kind = "image/jpeg" if content.startswith(b"\xff\xd8") else "image/svg+xml"
            return URLFetcherResponse(url, content, {"Content-Type": kind})
        raise ValueError(f"A PDF reads nothing from {url[:100]!r}.")
