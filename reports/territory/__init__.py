"""What a change of territory does to reports: open ones go to the unit and the body of the day, and every report gets a place in every edition.

Closed reports, and where a report lay at filing, are never touched. `rerouting` moves reports, most of them by `sweep` (set-based SQL), the others
one by one; `places` writes where each lies in every edition; `activation` puts an edition in force with all of it, or undoes that.
"""

from reports.territory.activation import (
    Rehearsal,
    RehearsalOutdated,
    activate_and_reroute,
    refuse_while_open_reports_change_hands,
    rehearse,
    reroute_what_is_due,
    undo_activation,
)
from reports.territory.rerouting import Rerouting, reroute_open_reports

__all__ = [
    "Rehearsal",
    "RehearsalOutdated",
    "Rerouting",
    "activate_and_reroute",
    "refuse_while_open_reports_change_hands",
    "rehearse",
    "reroute_open_reports",
    "reroute_what_is_due",
    "undo_activation",
]
