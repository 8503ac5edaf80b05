"""How the web processes run; what differs between machines comes from the environment."""

import gc
import os
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from geoportal.access_log import AccessLog
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

accesslog, logger_class = "-", AccessLog


def when_ready(server: Any) -> None:
    """Before processes are forked: what they all need is loaded once, and shared. Connections are not: each process opens its own."""
    application = server.app.wsgi()
    from django.db import connections

    from geoportal.warm import warm_up

    warm_up(application)
    connections.close_all()
    for kept in connections.all(initialized_only=True):
        # The threads of a pool do not come along into the processes: there it is made anew
        kept.close_pool()  # type: ignore[attr-defined]  # Django's types leave it out


def pre_fork(server: Any, worker: Any) -> None:
    """What is loaded stays: collecting garbage need not look at it again and again, and so does not write into the pages that processes share."""
    gc.freeze()


LOG_FORMAT = os.environ.get("LOG_FORMAT", "json")
logconfig_dict = {
    "formatters": {
        "json": {
            "()": "pythonjsonlogger.json.JsonFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s %(message)s",
            "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
        },
        "access json": {"()": "geoportal.access_log.AccessJson"},
        "plain": {"format": "%(asctime)s %(levelname)-7s web: %(message)s", "datefmt": "%H:%M:%S"},
    },
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT},
        "access": {"class": "logging.StreamHandler", "formatter": "access json" if LOG_FORMAT == "json" else LOG_FORMAT},
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "gunicorn.error": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "gunicorn.access": {"handlers": ["access"], "level": "INFO", "propagate": False},
    },
}
