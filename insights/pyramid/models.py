"""The tables of the pyramid. Nobody writes them but the trigger (deltas) and the job that folds; nothing in them is a source."""

from django.contrib.gis.db import models
from django.contrib.postgres.fields import ArrayField
from django.db.models import Q

from gis.cells import CellCode


class Delta(models.Model):
    """One side of a change of a public report: +1 what it is now, −1 what it was. Written by trigger; its facts are the map's."""

    sign = models.SmallIntegerField()
    report_id = models.BigIntegerField()
    category_id = models.BigIntegerField()
    status = models.SmallIntegerField(help_text="Its number in words.STATUSES")
    month = models.IntegerField(help_text="Of filing: 12 × year + month − 1, in Asia/Ho_Chi_Minh")
    cell_x = models.IntegerField()
    cell_y = models.IntegerField()
    lon = models.BigIntegerField(help_text="In 10⁻⁷ degree")
    lat = models.BigIntegerField()


class _Sums(models.Model):
    """What adds up: so many reports, sums of their coordinates (10⁻⁷ degree) and keys; and the finest cells between which they lie."""

    count = models.IntegerField()
    lon = models.BigIntegerField()
    lat = models.BigIntegerField()
    ids = models.BigIntegerField(help_text="Of a single report this is its key")
    west = models.IntegerField()
    east = models.IntegerField()
    north = models.IntegerField()
    south = models.IntegerField()

    class Meta:
        abstract = True


class CellCount(_Sums):
    """Public reports of one category and status in one cell, at every second depth."""

    pk = models.CompositePrimaryKey("depth", "category_id", "x", "y", "status")
    depth = models.SmallIntegerField()
    category_id = models.BigIntegerField()
    x = models.IntegerField()
    y = models.IntegerField()
    status = models.SmallIntegerField()
    loose = models.BooleanField(default=False, db_default=False, help_text="One at its edge has left: the edges are to be found again")

    class Meta:
        indexes = [models.Index(fields=["depth"], condition=Q(loose=True), name="cell_count_loose")]


class CellTotal(_Sums):
    """Public reports in one cell, open ones, ended ones, and both together: of all months (0), and at low depths of each."""

    pk = models.CompositePrimaryKey("depth", "month", "side", "x", "y")
    depth = models.SmallIntegerField()
    month = models.IntegerField()
    side = models.SmallIntegerField(help_text="words.OPEN_ONES, ENDED_ONES or BOTH")
    x = models.IntegerField()
    y = models.IntegerField()
    parts = ArrayField(models.BigIntegerField(), help_text="How many of each category and status: (16 × key + number) × 2³² + how many")
    states = models.GeneratedField(
        expression=models.Func("parts", function="states_of"),
        output_field=ArrayField(models.BigIntegerField()),
        db_persist=True,
        help_text="Of more than eight parts the same by status alone, eight in a busy cell for eighty",
    )
    loose = models.BooleanField(default=False, db_default=False)

    class Meta:
        indexes = [models.Index(fields=["depth"], condition=Q(loose=True), name="cell_total_loose")]


class DenseCell(models.Model):
    """A cell of MONTH_DEEPEST that was full of reports when the pyramid was built: down to a depth of its own it has totals of each month."""

    pk = models.CompositePrimaryKey("x", "y")
    x = models.IntegerField()
    y = models.IntegerField()
    depth = models.SmallIntegerField()
    code = models.GeneratedField(
        expression=CellCode("x", "y"),
        output_field=models.BigIntegerField(),
        db_persist=True,
        unique=True,
        help_text="In the order of cells",
    )


class Folding(models.Model):
    """What is being folded, netted by finest cell; empty but within the transaction of a fold."""

    category_id = models.BigIntegerField()
    status = models.SmallIntegerField()
    month = models.IntegerField()
    x = models.IntegerField()
    y = models.IntegerField()
    count = models.IntegerField()
    lon = models.BigIntegerField()
    lat = models.BigIntegerField()
    ids = models.BigIntegerField()


class Pyramid(models.Model):
    """How the pyramid stands: one row, from the first building on. Without it readers count the reports themselves."""

    epoch = models.UUIDField(help_text="Of this building: answers that were kept by others before it are void")
    folded = models.BigIntegerField(help_text="How many deltas are folded, over all: with those that wait, the version of the data")
    built_at = models.DateTimeField()
