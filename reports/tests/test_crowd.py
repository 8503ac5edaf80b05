"""Fifty people at the same hundred reports: nothing is lost, nothing happens outside the table, and every count is what a recount gives.

CROWD_SECONDS=60 lets them work for a minute; the suite gives them a few seconds. Every kind of step occurs either way.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter
from itertools import pairwise
from random import Random

import pytest
from django.contrib.gis.geos import Point
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Count, F, Q
from django.utils import timezone

from authorities.models import ReturnReason, Role
from reports import following, open_work
from reports.case_models import Part, Transfer
from reports.history.verify import verify
from reports.models import Conflict, Follow, Report, ReportEvent
from reports.services import (
    Filing,
    ReportChangedMeanwhile,
    StepNotAllowed,
    Words,
    end_for_silence,
    file_report,
    offered_steps,
    take_reporters_step,
    take_step,
)
from reports.tests.worker import forget_jobs
from reports.workflow import CLOSED, STEPS, Status, leads_to, reporters_steps
from tests.cast import make_person

WORKERS, REPORTS = 50, 100
SECONDS = float(os.environ.get("CROWD_SECONDS", "4"))
MOST_SECONDS = 150.0  # for every kind of step to occur, on a busy machine
PATIENT = 8  # of the people, who stay until every kind has occurred
RARE = {
    "split": 0.1,
    "withdraw": 0.02,
    "note": 0.2,
    "show": 0.3,
    "hide": 0.3,
    "undo": 0.5,
    "recategorise": 0.4,
}  # chosen so often where offered

BEGUN_BY = {  # what another step has to come before
    "answer": "ask", "silence": "ask", "send_back": "draft_reply", "publish_reply": "draft_reply", "withdraw_transfer": "transfer",
    "accept_transfer": "transfer", "refuse_transfer": "transfer", "answer_part": "ask_help", "drop_part": "ask_help",
}  # fmt: skip


class Crowd:
    """The people, and what they did."""

    def __init__(self, people, reports, said):
        self.people, self.reports, self.said = people, reports, said
        self.bodies = [(held.body_id, held.role, person) for person in people for held in person.memberships.all()]
        self.done: Counter[tuple[int, str]] = Counter()
        self.refused: Counter[str] = Counter()
        self.kinds: set[str] = set()
        self.broken: list[BaseException] = []
        self.lock = threading.Lock()
        self.begun = time.monotonic()

    def is_over(self):
        seconds = time.monotonic() - self.begun
        return bool(self.broken) or seconds > MOST_SECONDS + SECONDS or (seconds > SECONDS and self.kinds == set(STEPS))

    def work(self, seed):
        chance = Random(seed)
        try:
            while not self.is_over() and (seed < PATIENT or time.monotonic() - self.begun < SECONDS):
                self.act(chance)
        except BaseException as error:
            self.broken.append(error)
        finally:
            connections.close_all()

    def act(self, chance):
        pk, person = self.sought(chance) or self.asked(chance) or (chance.choice(self.reports), chance.choice(self.people))
        report = Report.objects.select_related("category", "authority", "unit").get(pk=pk)
        if chance.random() < 0.05:
            self.follow(report, chance)
            open_work.fold()
        mine = [step.name for step in offered_steps(person, report)]
        theirs = [step.name for step in reporters_steps(Status(report.status))]
        theirs += ["silence"] * (report.status == Status.WAITING)
        offered = [name for name in (*mine, *theirs) if chance.random() < RARE.get(name, 1)]
        missing, wanted = self.missing()
        offered = [name for name in (*mine, *theirs) if name in missing] or [name for name in offered if name in wanted] or offered
        name = chance.choice(list(STEPS)) if chance.random() < 0.1 or not offered else chance.choice(offered)
        by_reporter = bool(STEPS[name].by_reporter)
        drawn = {name: chance.choice(self.said[name]) for name in ("category", "body", "spot")}
        words = Words(**{**self.said, **drawn, "part": Part.objects.filter(report=pk, outcome="open").first()})
        try:
            if name == "silence":  # as when the time to answer is up
                Report.objects.filter(pk=pk, status=Status.WAITING).update(stage_due_at=timezone.now())
                if not end_for_silence(pk):
                    return
            elif by_reporter:
                take_reporters_step(pk, step=name, words=words)
            else:
                version = report.version if chance.random() < 0.5 else None
                take_step(pk, step=name, actor=person, words=words, version=version)
        except (StepNotAllowed, ReportChangedMeanwhile, ValidationError, Report.DoesNotExist) as error:
            with self.lock:
                self.refused[type(error).__name__] += 1
        else:
            with self.lock:
                self.done[pk, name] += 1
                self.kinds.add(name)

    def missing(self):
        """The kinds that have not occurred: each is sought once, then comes as it comes. With those that come before it: what is asked, is asked again."""
        missing = set(STEPS) - self.kinds
        return missing, missing | {BEGUN_BY[name] for name in missing if name in BEGUN_BY}

    def sought(self, chance):
        """Now and then a report from which a kind that is missing may start, and somebody of the body that has it or a coordinator."""
        wanted = self.missing()[1]
        if not wanted or chance.random() < 0.5:
            return None
        step = STEPS[chance.choice(sorted(wanted))]
        found = list(Report.objects.filter(pk__in=self.reports, status__in=step.sources).values_list("pk", "authority"))
        if not found:
            return None
        pk, body = chance.choice(found)
        able = [person for of, role, person in self.bodies if role in step.roles and (of == body or role == Role.COORDINATOR)]
        return pk, chance.choice(able or self.people)

    def asked(self, chance):
        """Now and then somebody who is asked, or who asked, looks at what: a draw among all would seldom bring the two together."""
        if chance.random() < 0.7:
            return None
        bodies = {body: person for body, _role, person in self.bodies}
        offers = Transfer.objects.filter(outcome="waiting", report__in=self.reports).values_list("report", "to_body", "report__authority")
        parts = Part.objects.filter(outcome="open", report__in=self.reports).values_list("report", "body", "report__authority")
        found = [(pk, bodies[body]) for pk, *both in (*offers, *parts) for body in both if body in bodies]
        return chance.choice(found) if found else None

    def follow(self, report, chance):
        if chance.random() < 0.5:
            Follow.objects.create(report=report, email=f"{chance.random()}@mail.example", confirmed_at=timezone.now())
        elif follow := Follow.objects.filter(report=report, ended_at=None).first():
            following.end(Follow, follow.pk)


@pytest.mark.django_db(transaction=True)
def test_fifty_people_at_a_hundred_reports_lose_nothing(
    pothole, law, body_a, body_b, department, portal, inspectorate, spot_a, spot_b, binh, hanh, chi, diep, giang
):
    reason = ReturnReason.objects.create(code="x", name="Thủ tục", name_en="A procedure", channel="1022", channel_en="1022")
    chance = Random(50)
    filed = [
        file_report(Filing(location=chance.choice([spot_a, spot_b]), category=pothole, description=f"Ổ gà số {number}"))
        for number in range(REPORTS)
    ]
    original = file_report(Filing(location=spot_a, category=pothole, description="Ổ gà đầu tiên"))
    said = {
        "reply": "Đã vá xong.", "note": "Đã gọi.", "question": "Ở đâu?", "answer": "Trước chợ.", "reason": reason, "officer": binh,
        "original": original, "category": [pothole, law], "body": [body_a, body_b, department],
        "spot": [Point(x, 9.05, srid=4326) for x in (105.05, 105.06, 105.14, 105.15)], "task": "Tắt điện.", "days": 2, "result": "Đã tắt.",
        "description": "Đèn đường cũng hỏng.",
    }  # fmt: skip
    doctor = make_person("so", "Cán bộ Sở", department, Role.OFFICER)
    crowd = Crowd([binh, binh, hanh, chi, diep, diep, giang, doctor], [report.pk for report in filed], said)
    workers = [threading.Thread(target=crowd.work, args=(seed,)) for seed in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=240)
    assert crowd.broken == []
    assert {step for _report, step in crowd.done} == set(STEPS)

    taken = Counter(pk for (pk, _step), number in crowd.done.items() for _ in range(number))
    reports = Report.objects.filter(pk__in=crowd.reports)
    for report in reports.annotate(events_now=Count("events")):
        assert report.version == report.events_now == taken[report.pk] + 1  # no update was lost
    counted = reports.annotate(told=Count("follows", filter=Q(follows__confirmed_at__isnull=False, follows__ended_at=None)))
    assert not counted.exclude(followers=F("told")).exists()
    for report in reports:
        events = list(ReportEvent.objects.filter(report=report).order_by("number"))
        assert [event.number for event in events] == list(range(1, len(events) + 1))
        for before, event in pairwise(events):
            assert event.status_before == before.status_after
            step = STEPS[event.kind]
            if step.name != "undo":
                assert event.status_before in step.sources
                assert event.status_after == event.status_before or event.status_after in leads_to(step, Status(event.status_before))
        assert report.status == events[-1].status_after
        assert (report.status in CLOSED) == (report.closed_at is not None)
    assert open_work.differences() == []
    assert verify().breaks == []
    assert not Conflict.objects.exists()
    forget_jobs()
