"""Makes files, those of the night too, and throws old ones away."""

from __future__ import annotations

import hashlib
import logging
import tempfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from django.core.files import File
from django.db import transaction
from django.utils import timezone

from insights.exports.files import FORMATS, write
from insights.exports.models import DataFile
from insights.exports.rows import rows
from insights.figures.behind import Cell
from reports.api.filters import filtered
from reports.querysets import ReportQuerySet

NIGHTLY = ("csv", "geojson", "gpkg")
KEPT = timedelta(days=2)  # what somebody asked for
KEPT_NIGHTLY = timedelta(days=14)
GEOGRAPHIC = ("bbox", "near", "within", "on")
logger = logging.getLogger(__name__)


def chosen(asked: Mapping[str, str]) -> ReportQuerySet:
    """The reports that parameters choose: those of the statistics, with `what` and `key`, and bbox, near and within. Not yet only public ones.

    PlaceError names what is not right.
    """
    return filtered(Cell.of(asked).reports(), {name: asked[name] for name in GEOGRAPHIC if asked.get(name)})


@transaction.atomic
def order(kind: str, asked: Mapping[str, str], *, nightly: bool = False) -> DataFile:
    """Notes that a file is wanted and defers its making; PlaceError where the parameters make no sense."""
    from insights import tasks

    chosen(asked)
    wanted = DataFile.objects.create(kind=kind, asked=dict(asked), nightly=nightly)
    tasks.make_file.defer(file_id=wanted.pk)
    return wanted


def make(file_id: int) -> None:
    """Makes a file unless it is made; what fails says so on its page."""
    wanted = DataFile.objects.exclude(state=DataFile.State.DONE).filter(pk=file_id).first()
    if wanted is None:
        return
    try:
        _make(wanted)
    except Exception:
        DataFile.objects.filter(pk=file_id).update(state=DataFile.State.FAILED, done_at=timezone.now())
        raise


def _make(wanted: DataFile) -> None:
    reports = chosen(wanted.asked)
    DataFile.objects.filter(pk=wanted.pk).update(state=DataFile.State.RUNNING, expected=reports.public().count())

    def tell(number: int) -> None:
        DataFile.objects.filter(pk=wanted.pk).update(reports=number)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"reports{FORMATS[wanted.kind][1]}"
        wanted.reports = write(wanted.kind, path, rows(reports), tell)
        with path.open("rb") as content:
            wanted.digest = hashlib.file_digest(content, "sha256").hexdigest()
            wanted.size = path.stat().st_size
            wanted.file.save(f"{wanted.key}{FORMATS[wanted.kind][1]}", File(content), save=False)
    wanted.expected = wanted.reports
    wanted.state, wanted.done_at = DataFile.State.DONE, timezone.now()
    wanted.save()


def make_tonights() -> None:
    """Orders the files of the night, and throws away what is old: the newest of each kind stays whatever its age."""
    for kind in NIGHTLY:
        order(kind, {}, nightly=True)
    now = timezone.now()
    newest = [file.pk for kind in NIGHTLY if (file := latest(kind))]
    old = DataFile.objects.filter(nightly=False, asked_at__lt=now - KEPT) | DataFile.objects.filter(
        nightly=True, asked_at__lt=now - KEPT_NIGHTLY
    )
    for file in old.exclude(pk__in=newest):
        if file.file:
            file.file.delete(save=False)
        file.delete()


def latest(kind: str) -> DataFile | None:
    """The newest file of the night of a kind."""
    return DataFile.objects.filter(nightly=True, kind=kind, state=DataFile.State.DONE).order_by("-done_at").first()
