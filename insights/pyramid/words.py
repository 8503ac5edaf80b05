"""What the pyramid's tables hold, said for SQL and for Python alike."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from gis.cells import DEPTH
from reports.workflow import CLOSED, Status

# A status is kept as its place in this list (from 1), as the SQL function status_number() says it too: append, never reorder
STATUSES = (
    Status.NEW,
    Status.TRIAGE,
    Status.ACCEPTED,
    Status.SURVEYING,
    Status.IN_PROGRESS,
    Status.WAITING,
    Status.REPLY_REVIEW,
    Status.RESOLVED,
    Status.RETURNED,
    Status.DUPLICATE,
    Status.WITHDRAWN,
)
NUMBER = {str(status): number for number, status in enumerate(STATUSES, 1)}
WORD = {number: str(status) for number, status in enumerate(STATUSES, 1)}
CLOSED_NUMBERS = sorted(NUMBER[status] for status in CLOSED)

SHALLOWEST = 3  # the cells of zoom 0
DEEPEST = 20  # cells of 38 m: below them a view holds so few reports that they are counted one by one
COUNT_DEPTHS = list(range(DEEPEST, SHALLOWEST, -2))  # a cell of an odd depth is read as four of the next
TOTAL_DEPTHS = list(range(DEEPEST, SHALLOWEST - 1, -1))
MONTH_DEEPEST = 16
# Below it months are counted in cells of MONTH_DEEPEST that hold so many reports, by depth: of fewer a view holds a few thousand, which are counted as quickly
DENSE_FROM = {17: 128, 18: 512, 19: 2048, 20: 8192}
MONTH_DEPTHS = list(range(DEEPEST, SHALLOWEST - 1, -1))
# In SQL, whether a level (depth, monthly) has a row of a finest cell x, y (named with their table: dense cells have an x and a y too)
UP = DEPTH - MONTH_DEEPEST  # how far a finest cell is shifted to become one that may be dense
HAS_MONTH = f"""(
  NOT monthly OR level.depth <= {MONTH_DEEPEST}
  OR EXISTS (SELECT FROM insights_densecell AS dense WHERE dense.x = {{x}} >> {UP} AND dense.y = {{y}} >> {UP} AND dense.depth >= level.depth)
)"""
ALL_MONTHS = 0
OPEN_ONES, ENDED_ONES, BOTH = 0, 1, 2  # sides of a total: read by themselves or together, each is one row a cell

LOCK = 20_220_701  # of the advisory lock under which one process folds or builds


def bits(depth: int) -> int:
    """How far a finest cell is shifted to become one of a depth."""
    return DEPTH - depth


def month_of(moment: datetime) -> int:
    """The month of a moment in Asia/Ho_Chi_Minh, as the tables count it."""
    local = timezone.localtime(moment, timezone.get_default_timezone())
    return local.year * 12 + local.month - 1


def start_of_month(month: int) -> datetime:
    """Its first moment, in Asia/Ho_Chi_Minh."""
    return timezone.make_aware(datetime(month // 12, month % 12 + 1, 1), timezone.get_default_timezone())
