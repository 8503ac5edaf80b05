"""Where a report would go, said before it is sent: the unit of the spot, the body, and the one question where the spot is ambiguous."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.contrib.gis.geos import Point
from django.utils import timezone
from django.utils.translation import gettext as _

from authorities.models import Body, Category, Publication
from authorities.routing import route
from boundaries.locate import Candidate, Method, Placement, locate
from reports.services.filing import placed_in

MAX_CHOICES = 3


@dataclass(frozen=True)
class Destination:
    """The answer for a spot: how it was placed, the category asked for (None: not chosen yet, the body is then the usual one), the body.

    `choices` are the units to choose from where the spot is ambiguous, the largest share first; else empty. `placement` has the reporter's
    answer in it.
    """

    placement: Placement
    category: Category | None
    body: Body | None
    needs_triage: bool
    choices: Sequence[Candidate]

    @property
    def is_outside(self) -> bool:
        """Whether no unit is near: a coordinator decides."""
        return self.placement.unit is None

    @property
    def is_snapped(self) -> bool:
        """Whether the spot lies in no unit, on water or in a gap, and went to the nearest."""
        return self.placement.method == Method.SNAPPED

    @property
    def about_officials(self) -> bool:
        """Whether it goes to the inspectorate and never to the body concerned."""
        return self.category is not None and self.category.about_officials

    @property
    def text(self) -> str:
        """The answer in a sentence or two of the reader's language."""
        return " ".join(filter(None, (self.place_text, self.body_text, self.publication_text)))

    @property
    def place_text(self) -> str:
        """Where the spot lies."""
        unit = self.placement.unit
        if unit is None:
            return _("This spot lies outside the units that we know.")
        if self.is_snapped:
            return _("This spot lies on water or between units; the nearest is %(unit)s, %(metres)d m away.") % {
                "unit": unit.name,
                "metres": max(1, round(self.placement.distance_m)),
            }
        return _("This spot lies in %(unit)s.") % {"unit": unit.name}

    @property
    def body_text(self) -> str:
        """Who gets the report."""
        if self.category is not None and not self.category.in_scope:
            return ""
        if self.body is None or self.is_outside or self.needs_triage:
            return _("A coordinator decides who gets your report.")
        if self.about_officials:
            return _("%(body)s gets this report, never the body that it is about.") % {"body": self.body.name}
        if self.category is None:
            return _("Most reports from here go to %(body)s.") % {"body": self.body.name}
        return _("%(body)s will get this report.") % {"body": self.body.name}

    @property
    def publication_text(self) -> str:
        """Whether everybody will see the report."""
        if self.category is None or not self.category.in_scope or self.category.publication == Publication.AT_ONCE:
            return ""
        if self.category.publication == Publication.NEVER:
            return _("It is not published.")
        return _("It is published only after a coordinator has looked at it.")


def destination(*, point: Point, accuracy_m: float | None = None, category: Category | None = None, chosen_unit: str = "") -> Destination:
    """Where a report from a WGS 84 point would go today, by the rules by which it will be filed.

    Without a category the body is that of the category `other`, which takes what no other rule does. Nothing is written.
    """
    on = timezone.localdate()
    asked = locate(point=point, accuracy_m=accuracy_m, on=on)
    placement = placed_in(chosen_unit, asked)
    routed_as = (
        category or Category.objects.filter(code="other").first() or Category.objects.fileable().filter(about_officials=False).last()
    )
    routing = route(placement, routed_as, on) if routed_as else None
    return Destination(
        placement=placement,
        category=category,
        body=routing.body if routing else None,
        needs_triage=routing.needs_triage if routing else True,
        choices=_choices(asked),
    )


def _choices(placement: Placement) -> list[Candidate]:
    """The two or three units that an ambiguous spot may belong to; whichever covers it is among them."""
    if not placement.ambiguous or placement.unit is None:
        return []
    found = [
        candidate
        for candidate in placement.candidates
        if candidate.unit == placement.unit or candidate.share >= settings.AMBIGUOUS_SHARE or candidate.distance_m == 0
    ]
    shown = found[:MAX_CHOICES]
    covering = next(candidate for candidate in found if candidate.unit == placement.unit)
    if covering not in shown:
        shown[-1] = covering
    return shown if len(shown) > 1 else []
