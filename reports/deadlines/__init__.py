"""By when things have to be done: which rule says so, what steps do to the clock, and what is said when time runs out."""

from reports.deadlines.clockwork import begin, begin_again, keep_time, set_again

__all__ = ["begin", "begin_again", "keep_time", "set_again"]
