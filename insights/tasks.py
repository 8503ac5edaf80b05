"""Background jobs of the read side."""

from __future__ import annotations

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app


@app.periodic(cron="* * * * * */10", periodic_id="fold_map_counts")  # the sixth field: seconds
@app.task(queue="upkeep", queueing_lock="fold_map_counts", lock="fold_map_counts")
def fold_map_counts(timestamp: int) -> None:
    """Folds what waits into the counts of the map; the first time it builds them."""
    from insights.pyramid.fold import fold

    fold()


@app.periodic(cron="* * * * *", periodic_id="fold_figures")
@app.task(queue="upkeep", queueing_lock="fold_figures")
def fold_figures(timestamp: int) -> None:
    """Counts anew what has changed, until nothing is left; what changes meanwhile is read from the reports."""
    from insights.figures.fold import SLICES_AT_ONCE, fold

    while fold() == SLICES_AT_ONCE:
        pass


@app.periodic(cron="40 18 * * *", periodic_id="check_figures")  # UTC: 1:40 in Vietnam
@app.task(queue="upkeep", queueing_lock="check_figures")
def check_figures(timestamp: int) -> None:
    """Holds every count against the reports; what differs is logged as an error and counted anew."""
    from insights.figures.check import check

    check()


@app.task(queue="exports", retry=False)
def make_file(file_id: int) -> None:
    """Makes a file of reports that somebody asked for, or one of the night's."""
    from insights.exports import making

    making.make(file_id)


@app.periodic(cron="10 18 * * *", periodic_id="make_open_data")  # UTC: 1:10 in Vietnam
@app.task(queue="upkeep", queueing_lock="make_open_data")
def make_open_data(timestamp: int) -> None:
    """Makes the files of the night."""
    from insights.exports import making

    making.make_tonights()


@app.periodic(cron="0 0,4,8 * * *", periodic_id="warn_early")  # UTC: 7:00, 11:00 and 15:00 in Vietnam
@app.task(queue="upkeep", queueing_lock="warn_early")
def warn_early(timestamp: int) -> None:
    """Tells heads what rises with their bodies."""
    from insights.hotspots import warning

    warning.warn()


@app.task(queue="mail", retry=RetryStrategy(max_attempts=8, exponential_wait=3))
def send_warnings(mail_id: int) -> None:
    """Sends a mail of warnings, once."""
    from insights.hotspots import warning

    warning.send(mail_id)


@app.periodic(cron="5 0 * * *", periodic_id="mail_figures_due")  # UTC: 7:05 in Vietnam
@app.task(queue="mail", queueing_lock="mail_figures_due")
def mail_figures_due(timestamp: int) -> None:
    """Defers the figures by e-mail of whoever is due one."""
    from insights.figures import mail

    mail.defer_due()


@app.task(queue="mail", retry=RetryStrategy(max_attempts=8, exponential_wait=4))
def mail_figures(wanted_id: int) -> None:
    """Sends somebody the figures of the last period, once."""
    from insights.figures import mail

    mail.send(wanted_id)
