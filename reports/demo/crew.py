"""Plays many plans, on several processors where the database lets us: a report is one transaction, and no other waits for it."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from django.db import OperationalError, connection, connections

from reports.demo.life import Demonstration
from reports.demo.plan import Plan
from reports.demo.silence import without_jobs
from reports.workflow import Status

TRIES = 3

# What a forked process finds in its memory: a plan is named by its number and nothing is sent but that
_work: tuple[Demonstration, Sequence[Plan]] | None = None


def played(demonstration: Demonstration, plans: Sequence[Plan], jobs: int) -> Iterator[Status]:
    """Plays the plans, and yields what became of each as it is done. On Ctrl-C the reports that are being worked on are finished or undone."""
    twins = [plan for plan in plans if plan.fate.is_twin]
    others = [plan for plan in plans if not plan.fate.is_twin]
    with without_jobs():
        if jobs < 2 or connection.in_atomic_block:
            for plan in others:
                yield Status(demonstration.play(plan).status)
        else:
            yield from _shared_out(demonstration, others, jobs)
        for plan in twins:  # each is of the same matter as one of the others
            yield Status(demonstration.play_twin(plan).status)


def _shared_out(demonstration: Demonstration, plans: Sequence[Plan], jobs: int) -> Iterator[Status]:
    global _work
    _work = demonstration, plans
    connections.close_all()  # a connection cannot be shared with a fork
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("fork"), initializer=_leave_interrupts_to_the_parent)
    try:
        for done in as_completed([pool.submit(_play, number) for number in range(len(plans))]):
            yield done.result()
    finally:
        pool.shutdown(cancel_futures=True)
        _work = None


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _play(number: int) -> Status:
    assert _work is not None  # noqa: S101  set before the fork
    demonstration, plans = _work
    chance = plans[number].chance.getstate()
    for left in reversed(range(TRIES)):
        try:
            plans[number].chance.setstate(chance)
            return Status(demonstration.play(plans[number]).status)
        except OperationalError:  # two processes that need each other's new account: PostgreSQL ends one, which tries again
            if not left:
                raise
    raise AssertionError
