"""The access log: a line a request, made of the few words that it says. Without Django: gunicorn reads it before anything is loaded."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from gunicorn.glogging import Logger

A_MILLISECOND = timedelta(milliseconds=1)


class AccessLog(Logger):
    """gunicorn's logger, but for what it puts together for each request: some fifty words, of which six are said, took as long as a look-up."""

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Who asked for what, and what came of it. The path without its query: tokens and coordinates of reporters do not belong in logs."""
        said = {
            "ip": environ.get("REMOTE_ADDR", "-"),
            "method": environ["REQUEST_METHOD"],
            "path": quote(environ["PATH_INFO"], encoding="latin-1"),  # as it came: what is decoded could break the line, and begin another
            "status": str(resp.status).partition(" ")[0],
            "bytes": resp.sent or 0,
            "ms": request_time // A_MILLISECOND,
        }
        self.access_log.info("%(ip)s %(method)s %(path)s %(status)s %(bytes)d bytes %(ms)d ms", said)


class AccessJson(logging.Formatter):
    """One JSON object a request, with the fields that every other line has."""

    def format(self, record: logging.LogRecord) -> str:
        """The words, and when they were said."""
        return json.dumps({"time": self.formatTime(record), "level": record.levelname, "logger": record.name, **dict(record.args)})  # type: ignore[arg-type]
