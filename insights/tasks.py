"""Background jobs of the read side."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.periodic(cron="* * * * * */5", periodic_id="fold_map_counts")  # the sixth field: seconds
@app.task(queue="upkeep", queueing_lock="fold_map_counts", lock="fold_map_counts")
def fold_map_counts(timestamp: int) -> None:
    """Folds what waits into the counts of the map; the first time it builds them."""
    from insights.pyramid.fold import fold

    fold()
