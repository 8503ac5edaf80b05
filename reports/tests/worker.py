"""The real worker and a real mail server for tests: jobs leave through PostgreSQL, mails through SMTP on the loopback address."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from django.db import connection, connections
from procrastinate.contrib.django import app


def forget_jobs() -> None:
    """Empties the job tables, which no test's clean-up knows of."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers, procrastinate_workers CASCADE")


def jobs(task: str = "") -> list[dict[str, Any]]:
    """The jobs of a task (by the end of its name), the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, task_name, status::text, attempts, args::text, scheduled_at FROM procrastinate_jobs WHERE task_name LIKE %s ORDER BY id",
            [f"%{task}"],
        )
        names = [column.name for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [row | {"args": json.loads(row["args"])} for row in rows]


def make_due() -> None:
    """Lets the time pass that jobs wait for until their next try."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")


def work() -> None:
    """Runs a worker until nothing is due any more. Only in a test with `transaction=True`."""
    connections.settings["default"]["CONN_MAX_AGE"] = 0  # its threads must not keep connections to the test database

    async def run() -> None:
        async with app.open_async():
            await app.run_worker_async(wait=False, install_signal_handlers=False, listen_notify=False, concurrency=2)

    # It stops when it finds nothing to begin, though a job that it still does may defer another
    for _round in range(10):
        with app.replace_connector(app.connector.get_worker_connector()):
            asyncio.run(run())
        if not _due():
            return
    raise AssertionError(f"The worker does not come to an end: {jobs()}")


def _due() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM procrastinate_jobs WHERE status = 'todo' AND coalesce(scheduled_at, now()) <= now())")
        return cursor.fetchone()[0]


@dataclass
class Sink:
    """A mail server: what it took, and the answers that it gives to the next recipients instead of taking them."""

    port: int = 0
    taken: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refusals: dict[str, list[str]] = field(default_factory=dict)
    data_answers: list[str] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802
        answers = self.refusals.get(address)
        if answers:
            return answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.data_answers:
            return self.data_answers.pop(0)
        for address in envelope.rcpt_tos:
            self.taken.append((address, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """What somebody got."""
        return [mail for recipient, mail in self.taken if recipient == address]


class OnAFreePort(Controller):
    """Lets the system choose the port, and tells it before the server is asked whether it is there."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server() -> Iterator[Sink]:
    """A mail server on the loopback address, on a port of its own."""
    sink = Sink()
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # the server of the test may know addresses, our logs may not
    controller = OnAFreePort(sink, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        sink.port = controller.port
        yield sink
    finally:
        controller.stop()


def parts(mail: EmailMessage) -> tuple[str, str]:
    """The text and the HTML of a mail."""
    return tuple(mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
