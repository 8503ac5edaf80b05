"""Background jobs of the territory. Arguments are ids."""

from __future__ import annotations

from procrastinate.contrib.django import app


@app.task(queue="territory", retry=1)
def check_topology(edition_id: int) -> None:
    """Looks for what is wrong with the outlines of an edition; doing it twice does no harm."""
    from boundaries.models import Edition
    from boundaries.topology.runs import run_check

    edition = Edition.objects.filter(pk=edition_id).first()
    if edition is not None:
        run_check(edition=edition)
