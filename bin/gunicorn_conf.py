"""How the web processes run; what differs between machines comes from the environment."""

import gc
import os
import sys
from pathlib import Path
from typing import Any

from pythonjsonlogger.json import JsonFormatter

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from geoportal.machine import web_processes

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY") or web_processes())
worker_class = "gthread"  # threads, not an event loop: GEOS handles leak under ASGI, and uploads on weak lines are slow
threads = int(os.environ.get("WEB_THREADS") or 4)
preload_app = True  # load once, then fork: less memory, and a broken start is one message
max_requests, max_requests_jitter = 5000, 1000  # whatever leaks, leaks little
timeout, graceful_timeout, keepalive = 60, 20, 5
control_socket_disable = True
if os.access("/dev/shm", os.W_OK):  # noqa: S108
    worker_tmp_dir = "/dev/shm"  # noqa: S108  heartbeats must not wait for a disk

# The path without its query: tokens and coordinates of reporters do not belong in logs
accesslog = "-"
access_log_format = "%(h)s %(m)s %(U)s %(s)s %(B)s bytes %(M)s ms"


def pre_fork(server: Any, worker: Any) -> None:
    """What is loaded stays: collecting garbage need not look at it again and again, and so does not write into the pages that processes share."""
    gc.freeze()


class AccessJson(JsonFormatter):
    """One JSON object a request."""

    def add_fields(self, log_data: dict[str, Any], record: Any, message_dict: dict[str, Any]) -> None:
        super().add_fields(log_data, record, message_dict)
        if isinstance(record.args, dict) and "U" in record.args:
            log_data.pop("message", None)
            log_data.update({name: record.args[key] for name, key in (("ip", "h"), ("method", "m"), ("path", "U"), ("status", "s"))})
            log_data.update(bytes=int(record.args["B"] or 0), ms=int(record.args["M"]))


logconfig_dict = {
    "formatters": {
        "json": {
            "()": AccessJson,
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        },
        "plain": {"format": "%(asctime)s %(levelname)-7s web: %(message)s", "datefmt": "%H:%M:%S"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": os.environ.get("LOG_FORMAT", "json")}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "gunicorn.error": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "gunicorn.access": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}
