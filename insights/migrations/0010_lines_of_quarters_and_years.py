from django.db import migrations, models

BUCKETS = [f"b{number}" for number in range(1, 21)]
KINDS = {
    "cell": (["published", "due"], ["reports", "split", "reopened", "transferred", "dated", "on_time"]),
    "spread": (["measure"], BUCKETS),
}
SLICE = ["unit_id", "place_id", "authority_id", "category_id", "status"]


def added_up(kind: str, months: int, word: str) -> str:
    """What the lines of now are over the quarters or years; what changes from now on is done by the folding."""
    by, sums = KINDS[kind]
    named = ", ".join([*SLICE, *by])
    return f"""
INSERT INTO insights_figure{kind}ofspan (months, month, {named}, {", ".join(sums)})
SELECT {months}, date_trunc('{word}', month)::date, {named}, {", ".join(f"sum({name})" for name in sums)}
FROM insights_figure{kind} GROUP BY date_trunc('{word}', month)::date, {named};
"""  # noqa: S608  constants only


ADD_UP = "".join(added_up(kind, months, word) for kind in KINDS for months, word in ((3, "quarter"), (12, "year")))


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0009_lines_of_months_and_facts"),
    ]

    operations = [
        migrations.CreateModel(
            name="FigureCellOfSpan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("unit", models.BigIntegerField(db_column="unit_id")),
                ("place", models.IntegerField(db_column="place_id")),
                ("authority", models.BigIntegerField(db_column="authority_id")),
                ("category", models.BigIntegerField(db_column="category_id")),
                ("status", models.CharField(max_length=15)),
                ("published", models.BooleanField()),
                ("due", models.DateField(null=True)),
                ("reports", models.IntegerField()),
                ("split", models.IntegerField()),
                ("reopened", models.IntegerField()),
                ("transferred", models.IntegerField()),
                ("dated", models.IntegerField(help_text="Resolved, with a due date")),
                ("on_time", models.IntegerField(help_text="Of those, resolved by it")),
                ("months", models.SmallIntegerField(help_text="3 or 12, from `month` on")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["months", "month", "unit"], name="figure_cell_of_span"),
                    models.Index(fields=["category", "months", "month"], name="figure_cell_span_of_category"),
                ],
            },
        ),
        migrations.CreateModel(
            name="FigureSpreadOfSpan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("unit", models.BigIntegerField(db_column="unit_id")),
                ("place", models.IntegerField(db_column="place_id")),
                ("authority", models.BigIntegerField(db_column="authority_id")),
                ("category", models.BigIntegerField(db_column="category_id")),
                ("status", models.CharField(max_length=15)),
                ("measure", models.IntegerField()),
                ("b1", models.IntegerField()),
                ("b2", models.IntegerField()),
                ("b3", models.IntegerField()),
                ("b4", models.IntegerField()),
                ("b5", models.IntegerField()),
                ("b6", models.IntegerField()),
                ("b7", models.IntegerField()),
                ("b8", models.IntegerField()),
                ("b9", models.IntegerField()),
                ("b10", models.IntegerField()),
                ("b11", models.IntegerField()),
                ("b12", models.IntegerField()),
                ("b13", models.IntegerField()),
                ("b14", models.IntegerField()),
                ("b15", models.IntegerField()),
                ("b16", models.IntegerField()),
                ("b17", models.IntegerField()),
                ("b18", models.IntegerField()),
                ("b19", models.IntegerField()),
                ("b20", models.IntegerField()),
                ("months", models.SmallIntegerField(help_text="3 or 12, from `month` on")),
            ],
            options={
                "indexes": [
                    models.Index(fields=["months", "month", "unit"], name="figure_spread_of_span"),
                    models.Index(fields=["category", "months", "month"], name="figure_spread_span_of_category"),
                ],
            },
        ),
        migrations.RunSQL(ADD_UP, migrations.RunSQL.noop),
    ]
