"""The life of made-up reports: filed and worked by people through the services, at times when people file and work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from random import Random

from django.contrib.gis.geos import Point
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from authorities.models import Body, BodyKind, Category, Publication, ReturnReason
from boundaries.models import WGS84
from reports.demo.field_work import FieldWork
from reports.demo.opinions import NOT_FIXED, Opinions
from reports.demo.people import People
from reports.demo.pictures import Pictures
from reports.demo.places import Places
from reports.demo.plan import FATES, MERGER, Plan, is_closed, make_plans
from reports.demo.retold import Retelling
from reports.demo.stories import SCENE_OF_ANYTHING, Stories, Story
from reports.demo.together import DETOURS, Together
from reports.media import files_undone_on_error
from reports.models import Channel, Report
from reports.services import Filing, Words, file_report, take_reporters_step, take_step
from reports.territory import reroute_open_reports
from reports.workflow import STEPS, Status

# Working days from the step before, for somebody of middling pace
PACE = {
    "accept": 0.4,
    "survey": 0.8,
    "work": 0.9,
    "draft_reply": 1.5,
    "publish_reply": 0.5,
    "return": 0.8,
    "assign": 0.4,
    "to_triage": 0.5,
    "not_fixed": 1.5,
    "ask": 0.3,
    "answer": 0.8,
    "withdraw": 0.3,
}
OFFICE = (time(7, 10), time(16, 50))
LUNCH = (time(11, 30), time(13, 10))
SATURDAY = 5
HOLIDAYS = frozenset({(1, 1), (4, 30), (5, 1), (9, 2), (9, 3)})  # month, day
NOTED = 0.3  # of the steps with which something may be noted
PHOTOGRAPHED = 0.45
SHOWN, HIDDEN = 0.65, 0.8  # of what is public after a look: shown, else kept out of view, else not looked at yet
TWIN_DAYS = 3  # between a report and another of the same matter, at most
OPEN_TWIN_DAYS = 14  # how old a report may be of which another comes in now
TWIN_DEGREES = 0.0003  # some thirty metres
ACROSS = 3  # days after the merger at most, before work goes on


class Demonstration:
    """One demonstration in the making: people, places and stories that belong together."""

    def __init__(self, *, seed: str, now: datetime) -> None:
        today = timezone.localdate(now)
        rng = Random(seed)  # noqa: S311  a demonstration is no secret
        self.now = now
        self.seed = seed
        self.categories = {category.code: category for category in Category.objects.fileable()}
        self.reasons = {reason.code: reason for reason in ReturnReason.objects.all()}
        self.places = Places(rng, today)
        self.stories = Stories(rng, self.places, set(self.categories))
        self.people = People(seed, today)
        self.pictures = Pictures(seed)
        self.opinions = Opinions()
        self.field_work = FieldWork(self.pictures, self.stories)
        self.together = Together(self.people, self.categories, now)
        self.retelling = Retelling()
        self._portals: dict[int, Body] = {}

    def plans(self, number: int, *, real: bool) -> list[Plan]:
        """That many reports, the two that were really filed among them where the units of their day are known."""
        told = self._real() if real and number > 2 and self.places.begins <= date(2022, 7, 1) else []
        return told + make_plans(number - len(told), self.seed, self.now, self.places, self.stories, set(self.reasons))

    def play(self, plan: Plan) -> Report:
        """Files one report and works it to the end of its story; all of it, or (an error, Ctrl-C) nothing."""
        with files_undone_on_error(), transaction.atomic():
            report = file_report(self._filing(plan), at=plan.when)
            return _Life(self, plan, report).lived()

    def play_twin(self, plan: Plan) -> Report:
        """Files a report of what another citizen has reported some days before, nearby, in other words; an ordinary one where none fits.

        Its officer recognises it, unless that is for whoever looks at the demonstration.
        """
        chance, is_open = plan.chance, plan.fate.detour == "twin"
        known = Report.objects.public().filter(duplicate_of=None)
        if is_open:
            known = known.open().filter(filed_at__gte=self.now - timedelta(days=OPEN_TWIN_DAYS))
        else:
            known = known.filter(filed_at__lte=self.now - timedelta(days=TWIN_DAYS + 3), officer__isnull=False)
        worked_on = Q(closed_at=None) | Q(closed_at__gt=F("filed_at") + timedelta(days=TWIN_DAYS + 1))
        stood = known.filter(worked_on).exclude(status__in=[Status.WITHDRAWN, Status.RETURNED])
        originals = list(stood.order_by("filed_at", "pk").values_list("pk", flat=True))
        if not originals:
            return self.play(plan)
        with files_undone_on_error(), transaction.atomic():
            original = Report.objects.select_related("category").get(pk=chance.choice(originals))
            east, north = (chance.uniform(-TWIN_DEGREES, TWIN_DEGREES) for _ in range(2))
            spot = Point(original.location_at_filing.x + east, original.location_at_filing.y + north, srid=WGS84)
            code = original.category.code
            story = replace(
                plan.story, category=code, text=self.retelling.retold(original.description, chance), scene=self.stories.scene_of(code)
            )
            when = original.filed_at + timedelta(days=chance.uniform(1, TWIN_DAYS))
            if is_open:
                when = original.filed_at + (self.now - original.filed_at) * chance.uniform(0.3, 0.9)
            report = file_report(self._filing(replace(plan, when=when, spot=spot, story=story)), at=when)
            if is_open:
                return report
            officer = self.people.officer_of(report.authority)
            return take_step(report.pk, step="duplicate", actor=officer, words=Words(original=original), at=when + timedelta(hours=5))

    def _real(self) -> list[Plan]:
        resolved = FATES[0]
        plans = []
        for told in self.stories.real():
            when = datetime.fromisoformat(told["filed_at"]).replace(tzinfo=timezone.get_default_timezone())
            scene = "bank" if told["category"] == "embankment" else "road"
            story = Story(told["category"], told["text"], told["place_note"], told["severity"], told["reply"], scene=scene)
            spot = Point(told["lon"], told["lat"], srid=WGS84)
            plans.append(Plan(when, spot, told["accuracy_m"], story, resolved, Random(told["filed_at"])))  # noqa: S311
        return sorted(plans, key=lambda plan: plan.when)

    def _filing(self, plan: Plan) -> Filing:
        chance, story = plan.chance, plan.story
        mistaken = plan.fate.detour == "recategorise" and story.looks_like
        category = self.categories[story.looks_like if mistaken else story.category]
        # Addresses only where something may still happen: who plays with the demonstration sees a mail, and nobody gets old ones
        citizen = self.people.citizen(chance, email=not is_closed(plan.fate) and chance.random() < 0.3)
        unnamed = category.anonymous_allowed and chance.random() < 0.5
        team = self.people.team() if plan.when.date() > MERGER and chance.random() < 0.06 else None
        channel = Channel.TEAM if team else chance.choices((Channel.WEB, Channel.PHONE, Channel.API), (85, 12, 3))[0]
        photos = []
        if story.scene != SCENE_OF_ANYTHING and channel != Channel.PHONE and chance.random() < PHOTOGRAPHED:
            variant = chance.randrange(10)
            photos = [self.pictures.photo(story.scene, variant + more) for more in range(chance.choices((1, 2), (3, 1))[0])]
        return Filing(
            location=plan.spot,
            category=category,
            description=story.text,
            accuracy_m=plan.accuracy_m,
            place_note=story.place_note,
            observed_at=plan.when - timedelta(hours=chance.uniform(0.5, 30)) if chance.random() < 0.2 else None,
            name="" if unnamed else citizen.name,
            phone="" if unnamed else citizen.phone,
            email="" if unnamed else citizen.email,
            photos=photos,
            channel=channel,
            filed_by=team,
            severity=story.severity,
        )

    def portal_of(self, body: Body, on: date) -> Body:
        """The Portal that coordinates for a body on a day."""
        known = self._portals.get(body.pk)
        if known is None or on not in known.validity:
            known = self._portals[body.pk] = Body.objects.portal_of(body, on)
        return known


class _Life:
    """One report on its way: what is next, who does it, and when."""

    def __init__(self, demonstration: Demonstration, plan: Plan, report: Report) -> None:
        self.demonstration = demonstration
        self.plan = plan
        self.chance = plan.chance
        self.report = report
        self.moment = plan.when
        self.detours = [plan.fate.detour] if plan.fate.detour else []
        self.pace = min(2.718 ** self.chance.gauss(0, 0.45), 3.5)
        self.reply = ""
        # Apart from `chance`, so that what reporters say changes nothing of what bodies do
        self.hand = Random(f"{plan.when.isoformat()} {plan.spot.x}")  # noqa: S311  so too, what they find and photograph
        self.mood = Random(f"{plan.when.isoformat()} {plan.story.text}")  # noqa: S311

    def lived(self) -> Report:
        """Takes step by step until the fate is fulfilled."""
        if self.report.category.publication == Publication.AFTER_A_LOOK:
            self._look()
        for step in self._steps():
            if step in PACE:
                self._later(PACE[step])
            if step in STEPS and self.report.status not in STEPS[step].sources:
                continue  # a change of territory came between: what is next is asked again
            self._take(step)
        self._catch_up(until=self.demonstration.now)
        if self.report.status == Status.RESOLVED:
            self._rate()
        return self.report

    def _steps(self) -> Iterator[str]:
        """The next step, asked anew after each."""
        while (step := self._next()) is not None:
            yield step

    def _next(self) -> str | None:
        status, goal = Status(self.report.status), self.plan.fate.goal
        if "recategorise" in self.detours and status in (Status.NEW, Status.ACCEPTED):
            return "recategorise"
        if "hand_on" in self.detours and status in (Status.NEW, Status.ACCEPTED):
            return "to_triage"
        if "reopen" in self.detours and status == Status.RESOLVED:
            return "not_fixed" if self.mood.random() < NOT_FIXED else "reopen"
        if status == goal and "reopen" not in self.detours and not DETOURS & set(self.detours):
            return None
        if goal == Status.WITHDRAWN:
            return "withdraw"
        if status == Status.ACCEPTED and (together := next((detour for detour in self.detours if detour in DETOURS), None)):
            return f"together {together}"
        if status == Status.ACCEPTED and (goal == Status.WAITING or "ask" in self.detours):
            return "ask"
        if status == Status.WAITING:
            return "answer"
        if goal == Status.RETURNED and self.chance.random() < 0.6:
            return "return"
        if status == Status.TRIAGE:
            return "assign"
        if status == Status.NEW:
            return "to_triage" if goal == Status.TRIAGE else "accept"
        if status == Status.ACCEPTED:
            return self._from_accepted(goal)
        if status == Status.SURVEYING:
            return "work" if goal == Status.IN_PROGRESS or self.chance.random() < 0.6 else "draft_reply"
        if status == Status.IN_PROGRESS:
            return "survey" if goal == Status.SURVEYING else "draft_reply"
        if status == Status.REPLY_REVIEW:
            return "send_back" if "send_back" in self.detours else "publish_reply"
        return None

    def _from_accepted(self, goal: Status) -> str:
        if goal == Status.RETURNED:
            return "return"
        if goal == Status.SURVEYING or self.chance.random() < 0.45:
            return "survey"
        return "work" if goal == Status.IN_PROGRESS or self.chance.random() < 0.5 else "draft_reply"

    def _take(self, step: str) -> None:
        report = self.report
        if step.startswith("together "):
            detour = step.removeprefix("together ")
            self.detours.remove(detour)
            self._later(PACE["assign"])
            self.moment = self.demonstration.together.play(detour, report, self.chance, self.moment)
            self.report = Report.objects.select_related("category", "authority", "unit").get(pk=report.pk)
            return
        if step == "not_fixed":
            self.report = self.demonstration.opinions.not_fixed(report, self.mood, self.moment)
            self.detours.remove("reopen")
            return
        if STEPS[step].by_reporter:
            words = Words(answer=self.demonstration.stories.note(step, self.chance)) if step == "answer" else Words()
            self.report = take_reporters_step(report.pk, step=step, words=words, at=self.moment)
            return
        actor = self._actor(step)
        words = self._words(step)
        self.report = take_step(report.pk, step=step, actor=actor, words=words, at=self.moment)
        done = {"to_triage": "hand_on"}.get(step, step)
        if done in self.detours:
            self.detours.remove(done)
        if step == "survey":
            scene, now = self.plan.story.scene, self.demonstration.now
            self.moment = self.demonstration.field_work.survey(self.report, actor, scene, self.hand, self.moment, now)
            self.report.refresh_from_db(fields=["version", "changed_at"])
        if self.chance.random() < 0.06 and step in ("accept", "survey", "work"):
            self._later(0.1)
            self._take_note()

    def _rate(self) -> None:
        """What the reporter thinks of the answer, and the coordinator of what the reporter wrote."""
        demonstration, body = self.demonstration, self.report.authority
        rating = demonstration.opinions.rated(self.report, self.mood, self.moment, demonstration.now)
        if rating is not None:
            coordinator = demonstration.people.officer_of(demonstration.portal_of(body, timezone.localdate(rating.given_at)))
            demonstration.opinions.looked_at(rating, coordinator, self.mood, demonstration.now)
        self.report.refresh_from_db()

    def _take_note(self) -> None:
        words = Words(note=self.demonstration.stories.note("note", self.chance))
        self.report = take_step(self.report.pk, step="note", actor=self._actor("note"), words=words, at=self.moment)

    def _actor(self, step: str) -> User:
        """The officer of the body that has the report, or the coordinator of its Portal where the step is the coordinator's."""
        people, body = self.demonstration.people, self.report.authority
        of_coordinators = step in ("publish_reply", "send_back", "assign", "reopen", "show", "hide")
        if of_coordinators or body.kind == BodyKind.PORTAL:
            return people.officer_of(self.demonstration.portal_of(body, timezone.localdate(self.moment)))
        return people.officer_of(body)

    def _words(self, step: str) -> Words:
        stories, story, report = self.demonstration.stories, self.plan.story, self.report
        needs = STEPS[step].needs
        note = stories.note(step, self.chance) if "note" in needs or ("note" in STEPS[step].may and self._notes(step)) else ""
        if step == "draft_reply":
            again = self.reply and report.events.filter(kind__in=["reopen", "not_fixed"]).exists()
            self.reply = stories.again(self.reply) if again else story.answer(report.authority, self.moment)
        if step == "return":
            return Words(reply=self._return_reply(), reason=self._reason(), note=note)
        if step == "ask":
            return Words(question=stories.note(step, self.chance))
        category = self.demonstration.categories[story.category] if step == "recategorise" else None
        body = self._next_body() if step == "assign" else None
        words = Words(reply=self.reply if "reply" in needs else "", note=note, category=category, body=body)
        if step == "draft_reply":
            return self.demonstration.field_work.proven(words, report, story.scene, self.hand, self.moment)
        return words

    def _notes(self, step: str) -> bool:
        return step in ("accept", "survey", "work", "assign", "recategorise") and self.chance.random() < NOTED

    def _return_reply(self) -> str:
        story = self.plan.story
        return story.answer(self.report.authority, self.moment)

    def _reason(self) -> ReturnReason:
        reasons = self.demonstration.reasons
        return reasons.get(self.plan.story.reason) or next(iter(reasons.values()))

    def _next_body(self) -> Body:
        """Whom the coordinator asks: what the rules would name next, else the department for the sea, else the provincial committee."""
        trace = self.report.events.filter(kind="filed").values_list("data__trace", flat=True).get()
        codes = [found["body"]["code"] for found in trace["alternatives"]] + [trace["body"]["code"]]
        on = timezone.localdate(self.moment)
        standing = {body.code: body for body in Body.objects.existing(on).filter(code__in=codes).exclude(pk=self.report.authority_id)}
        found = next((standing[code] for code in codes if code in standing), None)
        if found is not None:
            return found
        under = self.report.authority.parent_id
        departments = Body.objects.existing(on).filter(kind=BodyKind.DEPARTMENT, parent=under)
        named = departments.filter(code__contains="nong-nghiep").order_by("code").first() or departments.order_by("code").first()
        return named or Body.objects.existing(on).filter(kind=BodyKind.COMMUNE_COMMITTEE).order_by("code")[0]

    def _look(self) -> None:
        """The coordinator's look at what is not public at once."""
        throw = self.chance.random()
        if throw >= HIDDEN or self.plan.when > self.demonstration.now - timedelta(hours=20):
            return
        self._later(0.1)
        self._take("show" if throw < SHOWN else "hide")

    # --- time -----------------------------------------------------------------------------------------------------------

    def _later(self, working_days: float) -> None:
        """Lets time pass: working days by the pace of this report, in office hours; never past now."""
        former = self.moment
        if "across" in self.detours and self.report.status != Status.NEW:
            self.detours.remove("across")
            first_day = datetime.combine(MERGER, OFFICE[0], tzinfo=timezone.get_default_timezone())
            self.moment = max(former, first_day + timedelta(days=self.chance.uniform(0.2, ACROSS)))
        self.moment = in_office_hours(self.moment + timedelta(days=working_days * self.pace * self.chance.uniform(0.4, 1.6)), self.chance)
        now = self.demonstration.now
        if self.moment >= now:
            self.moment = former + (now - former) * self.chance.uniform(0.15, 0.5)
        self._catch_up()

    def _catch_up(self, until: datetime | None = None) -> None:
        """Re-routes the report as everybody's was on the day on which its body or its unit ended, should that have been since."""
        day = timezone.localdate(until or self.moment)
        while not self.report.is_closed and (end := self._end()) is not None and end <= day:
            early = datetime.combine(end, time(0, 5), tzinfo=timezone.get_default_timezone())
            reroute_open_reports(at=early, among=Report.objects.filter(pk=self.report.pk))
            self.report = Report.objects.select_related("category", "authority", "unit").get(pk=self.report.pk)
            if self._end() == end:
                return

    def _end(self) -> date | None:
        """The first day on which the report's body or unit was no more."""
        report = self.report
        ends = [thing.validity.upper for thing in (report.authority, report.unit) if thing is not None]
        return min((end for end in ends if end is not None), default=None)


def in_office_hours(moment: datetime, chance: Random) -> datetime:
    """The moment, or the next at which somebody is at work: Monday to Friday, not at lunch, not on the fixed holidays."""
    local = timezone.localtime(moment)
    if local.time() > OFFICE[1]:
        local = datetime.combine(local.date() + timedelta(days=1), OFFICE[0], tzinfo=local.tzinfo)
    while local.weekday() >= SATURDAY or (local.month, local.day) in HOLIDAYS:
        local = datetime.combine(local.date() + timedelta(days=1), OFFICE[0], tzinfo=local.tzinfo)
    if local.time() <= OFFICE[0]:
        local = datetime.combine(local.date(), OFFICE[0], tzinfo=local.tzinfo) + timedelta(minutes=chance.uniform(1, 150))
    elif LUNCH[0] < local.time() < LUNCH[1]:
        local = datetime.combine(local.date(), LUNCH[1], tzinfo=local.tzinfo) + timedelta(minutes=chance.uniform(1, 60))
    return local
