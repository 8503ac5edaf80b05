"""Totals of open and ended ones together, and by status alone: what the map asks for mostly is then one short row a cell."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

# The worker builds the pyramid anew; until then reports are counted
EMPTY = "DELETE FROM insights_pyramid; TRUNCATE insights_celltotal, insights_cellcount;"
# A part's key is 16 × the category's plus the status: without the category the status alone, added up. Two functions: PostgreSQL puts the text of
# one without a query in its place, and calls the other for long lists alone
STATES = """
CREATE FUNCTION tallied_by_status(parts bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (
  SELECT array_agg((summed.status << 32) + summed.number) FROM (
    SELECT ((part + 2147483648) >> 32) & 15 AS status, sum((part - (((part + 2147483648) >> 32) << 32))::int) AS number FROM unnest(parts) AS part GROUP BY 1
  ) AS summed
);
CREATE FUNCTION states_of(parts bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN cardinality(parts) > 8 THEN tallied_by_status(parts) END;
"""
NO_STATES = "DROP FUNCTION states_of(bigint[]); DROP FUNCTION tallied_by_status(bigint[]);"


class Migration(migrations.Migration):
    dependencies = [("insights", "0010_lines_of_quarters_and_years")]

    operations = [
        migrations.RunSQL(EMPTY, EMPTY),
        migrations.RunSQL(STATES, NO_STATES),
        migrations.DeleteModel("CellTotal"),
        migrations.CreateModel(
            name="CellTotal",
            fields=[
                ("count", models.IntegerField()),
                ("lon", models.BigIntegerField()),
                ("lat", models.BigIntegerField()),
                ("ids", models.BigIntegerField(help_text="Of a single report this is its key")),
                ("west", models.IntegerField()),
                ("east", models.IntegerField()),
                ("north", models.IntegerField()),
                ("south", models.IntegerField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "depth", "month", "side", "x", "y", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("depth", models.SmallIntegerField()),
                ("month", models.IntegerField()),
                ("side", models.SmallIntegerField(help_text="words.OPEN_ONES, ENDED_ONES or BOTH")),
                ("x", models.IntegerField()),
                ("y", models.IntegerField()),
                (
                    "parts",
                    ArrayField(
                        models.BigIntegerField(),
                        size=None,
                        help_text="How many of each category and status: (16 × key + number) × 2³² + how many",
                    ),
                ),
                (
                    "states",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func("parts", function="states_of"),
                        help_text="Of more than eight parts the same by status alone, eight in a busy cell for eighty",
                        output_field=ArrayField(models.BigIntegerField(), size=None),
                    ),
                ),
                ("loose", models.BooleanField(db_default=False, default=False)),
            ],
            options={"indexes": [models.Index(condition=models.Q(("loose", True)), fields=["depth"], name="cell_total_loose")]},
        ),
    ]
