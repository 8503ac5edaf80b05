"""What is new in the territory of a unit, for those who follow it: reports that came to be public, and others that were resolved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from boundaries.models import Unit
from reports.models import Report, ReportPlace
from reports.querysets import ReportQuerySet

# The job comes at 18:00: what is being committed in these minutes is seen by then, so that nothing falls between two days
DAY_ENDS = time(17, 55)


@dataclass(frozen=True)
class News:
    """Public reports of a territory: new ones, and those resolved that were known before; each report stands in one of them."""

    published: ReportQuerySet
    resolved: ReportQuerySet


def news_between(since: datetime, until: datetime) -> News:
    """What is new everywhere in (since, until]."""
    published = Report.objects.published_between(since, until)
    resolved = Report.objects.resolved_between(since, until).exclude(published_at__gt=since, published_at__lte=until)
    return News(published, resolved)


def news_of(unit: Unit, since: datetime, until: datetime) -> News:
    """What is new in (since, until] in the territory of a unit of whatever date: a report has a place in every edition."""
    everywhere = news_between(since, until)
    return News(everywhere.published.in_unit(unit), everywhere.resolved.in_unit(unit))


def units_with_news(since: datetime, until: datetime) -> set[int]:
    """The keys of all units, of every edition and level, in whose territory something is new in (since, until]; two queries."""
    news, found = news_between(since, until), set[int]()
    for reports in (news.published, news.resolved):
        places = ReportPlace.objects.filter(report__in=reports, unit__isnull=False)
        for units in places.values_list("unit", "unit__parent", "unit__parent__parent").distinct():
            found.update(pk for pk in units if pk is not None)
    return found


def last_evening(at: datetime) -> datetime:
    """The last end of a day of news, 17:55 Asia/Ho_Chi_Minh, at or before a moment (aware)."""
    local = timezone.localtime(at)
    evening = datetime.combine(local.date(), DAY_ENDS, tzinfo=local.tzinfo)
    return evening if evening <= local else evening - timedelta(days=1)  # Vietnam has no summer time


def territory_of(unit: Unit) -> str:
    """What a follower follows, in words: the name, of a former unit with its last day."""
    if unit.valid_to is None or unit.valid_to > timezone.localdate():
        return unit.dated_name
    return _("%(unit)s as it was until %(day)s") % {"unit": unit.name, "day": date_format(unit.a_day_in_force())}
