"""The rows of the table of figures, and the areas of its map, as HTML.

A template of a row walks some two hundred nodes: of 64 units that was two thirds of the page's time. Here they are put together by `filled`, which
escapes every value.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.formats import number_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from insights.figures.charts import Area, Map
from insights.figures.page import Line, Number, Step, ToldRate
from insights.templatetags.figures import percent
from reports.pieces import filled, joined

ROW = '<tr><th scope="row">{name}</th>{cells}</tr>'
NUMBER = '<td class="number"><a href="{href}">{value}</a></td>'
ZERO = '<td class="number"><span class="quiet">0</span></td>'
DAYS = '<td class="number"><a href="{href}" title="{of}">{days}</a></td>'
NO_DAYS = SafeString('<td class="number">–</td>')
RATE = '<td class="number rate-cell"><a href="{href}" title="{of}">{share}</a> <span class="quiet small">{low}–{high}{rank}</span></td>'
NO_RATE = SafeString('<td class="number rate-cell"><span class="quiet">–</span></td>')
AREA = '<a class="area-link" href="{href}"><title>{title}</title><path class="area area--{rank}" d="{path}"/></a>\n'


def rows(lines: Iterable[Line]) -> SafeString:
    """The rows of a table."""
    return joined(filled(ROW, name=line.name, cells=joined(_cells(line))) for line in lines)


def _cells(line: Line) -> Iterable[SafeString]:
    yield filled(NUMBER, href=line.href, value=_told(line.row.sums["received"]))
    for number in line.numbers:
        yield _number(number)
    yield from _days(line.whole)
    for told in line.rates:
        yield _rate(told)


def _number(number: Number) -> SafeString:
    return filled(NUMBER, href=number.href, value=_told(number.value)) if number.value else SafeString(ZERO)


def _days(step: Step) -> Iterable[SafeString]:
    """The median and the 90th percentile, each leading to the reports of which it is."""
    for days in (step.spent.median, step.spent.p90):
        yield NO_DAYS if days is None else filled(DAYS, href=step.href, of=_of(step.spent.number), days=number_format(days, 1))


def _rate(told: ToldRate) -> SafeString:
    own = told.own
    if own.share is None or own.low is None or own.high is None:
        return NO_RATE
    rank = " · " + _("rank %(place)s") % {"place": told.rank} if told.rank else ""
    return filled(
        RATE, href=told.href, of=_of(own.whole), share=percent(own.share), low=percent(own.low), high=percent(own.high), rank=rank
    )


def areas(drawn: Map) -> SafeString:
    """The areas of a map, each with its words and its link."""
    return joined(_area(area, is_share=drawn.is_share) for area in drawn.areas)


def _area(area: Area, *, is_share: bool) -> SafeString:
    unit = area.row.labels[0].unit
    value = _("too few") + ", " if area.value is None else f"{percent(area.value)} % " if is_share else ""
    title = f"{unit.dated_name if unit else ''}: {value}{_of(area.number)}"
    return filled(AREA, href=area.href, title=title, rank=str(area.rank or "none"), path=area.path)


def _of(number: int) -> str:
    return ngettext("of %(n)s report", "of %(n)s reports", number) % {"n": _told(number)}


def _told(number: int) -> str:
    return str(number) if number < 1000 else number_format(number)
