from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

# Each changed slice is named in the transaction of its change, by a line of its own, so nobody waits for anybody. Statement by statement: a
# re-routing of 100,000 reports appends a few hundred lines. Events need none: a step that changes the state saves its report too.
SLICE_OF = "date_trunc('month', report.filed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, COALESCE(report.unit_id, 0)"
MARK = """
CREATE FUNCTION figures_change_with_reports() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO insights_figurechange (month, unit_id) SELECT DISTINCT SLICE FROM after AS report;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO insights_figurechange (month, unit_id) SELECT SLICE FROM after AS report UNION SELECT SLICE FROM before AS report;
  ELSE
    INSERT INTO insights_figurechange (month, unit_id) SELECT DISTINCT SLICE FROM before AS report;
  END IF;
  RETURN NULL;
END $$;
""".replace("SLICE", SLICE_OF)
ON_REPORTS = """
CREATE TRIGGER figures_change_with_new AFTER INSERT ON reports_report
  REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION figures_change_with_reports();
CREATE TRIGGER figures_change_with_changed AFTER UPDATE ON reports_report
  REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION figures_change_with_reports();
CREATE TRIGGER figures_change_with_deleted AFTER DELETE ON reports_report
  REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION figures_change_with_reports();
"""
# What hangs on a report: how its reports are found from its lines
HANGING = {
    "reports_reportplace": "SELECT report_id FROM lines",
    "reports_transfer": "SELECT report_id FROM lines",
    "reports_split": "SELECT report_id FROM lines",
    "reports_rating": "SELECT reply.report_id FROM lines JOIN reports_reply AS reply ON reply.id = lines.reply_id",
    "reports_score": """SELECT reply.report_id FROM lines JOIN reports_rating AS rating ON rating.id = lines.rating_id
                        JOIN reports_reply AS reply ON reply.id = rating.reply_id""",
}


def marks(table: str) -> str:
    """The triggers of a table that hangs on reports; what is moved from one report to another is deleted and inserted, never updated."""
    name = f"figures_change_with_{table.partition('_')[2]}"
    triggers = "".join(
        f"CREATE TRIGGER {name}_{event.lower()} AFTER {event} ON {table} REFERENCING {which} TABLE AS lines"
        f" FOR EACH STATEMENT EXECUTE FUNCTION {name}();"
        for event, which in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
    )
    return f"""
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO insights_figurechange (month, unit_id)
  SELECT DISTINCT {SLICE_OF} FROM reports_report AS report WHERE report.id IN ({HANGING[table]});
  RETURN NULL;
END $$;
{triggers}
"""  # noqa: S608  constants only


# What is never public is counted apart: where that changes, all is counted anew
ON_CATEGORIES = """
CREATE FUNCTION figures_change_with_categories() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO insights_figurechange (month, unit_id) SELECT DISTINCT month, unit_id FROM insights_figurecellofall;
  RETURN NULL;
END $$;
CREATE TRIGGER figures_change_with_categories AFTER UPDATE ON authorities_category
  FOR EACH ROW WHEN (OLD.publication IS DISTINCT FROM NEW.publication) EXECUTE FUNCTION figures_change_with_categories();
"""
# What stands already is counted by the first foldings, and until then from the reports themselves
MARK_ALL = f"INSERT INTO insights_figurechange (month, unit_id) SELECT DISTINCT {SLICE_OF} FROM reports_report AS report"  # noqa: S608
NO_MARKS = "DROP FUNCTION figures_change_with_reports CASCADE; DROP FUNCTION figures_change_with_categories CASCADE;" + "".join(
    f"DROP FUNCTION figures_change_with_{table.partition('_')[2]} CASCADE;" for table in HANGING
)


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0002_pyramid"),
        ("reports", "0023_spots_of_open_reports"),
        ("authorities", "0008_deadlines"),
    ]

    operations = [
        migrations.CreateModel(
            name="FigureChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("unit", models.BigIntegerField(db_column="unit_id")),
            ],
        ),
        migrations.CreateModel(
            name="FigureCell",
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
            ],
            options={
                "indexes": [models.Index(fields=["month", "unit"], name="figure_cell_of_slice")],
            },
        ),
        migrations.CreateModel(
            name="FigureCellOfAll",
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
            ],
            options={
                "indexes": [models.Index(fields=["month", "unit"], name="figure_cell_of_all_of_slice")],
            },
        ),
        migrations.CreateModel(
            name="FigurePlace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("units", ArrayField(base_field=models.BigIntegerField(), size=None)),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("units",), name="figure_place_once")],
            },
        ),
        migrations.CreateModel(
            name="FigureSpread",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("unit", models.BigIntegerField(db_column="unit_id")),
                ("place", models.IntegerField(db_column="place_id")),
                ("authority", models.BigIntegerField(db_column="authority_id")),
                ("category", models.BigIntegerField(db_column="category_id")),
                ("status", models.CharField(max_length=15)),
                ("measure", models.IntegerField()),
                ("counts", ArrayField(base_field=models.IntegerField(), size=None)),
            ],
            options={
                "indexes": [models.Index(fields=["month", "unit"], name="figure_spread_of_slice")],
            },
        ),
        migrations.CreateModel(
            name="FigureSpreadOfAll",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("unit", models.BigIntegerField(db_column="unit_id")),
                ("place", models.IntegerField(db_column="place_id")),
                ("authority", models.BigIntegerField(db_column="authority_id")),
                ("category", models.BigIntegerField(db_column="category_id")),
                ("status", models.CharField(max_length=15)),
                ("measure", models.IntegerField()),
                ("counts", ArrayField(base_field=models.IntegerField(), size=None)),
            ],
            options={
                "indexes": [models.Index(fields=["month", "unit"], name="figure_spread_of_all_of_slice")],
            },
        ),
        migrations.RunSQL(MARK + ON_REPORTS + "".join(marks(table) for table in HANGING) + ON_CATEGORIES, NO_MARKS),
        migrations.RunSQL(MARK_ALL, migrations.RunSQL.noop),
    ]
