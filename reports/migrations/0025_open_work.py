import django.db.models.deletion
from django.db import migrations, models

OPEN = "status NOT IN ('duplicate', 'resolved', 'returned', 'withdrawn')"
# What arrives counts one, what goes counts one less; a change of something else says nothing
COUNT = f"""
CREATE FUNCTION open_work_has_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO reports_openwork (body_id, status, number)
    SELECT authority_id, status, count(*) FROM after WHERE {OPEN} GROUP BY authority_id, status;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO reports_openwork (body_id, status, number)
    SELECT authority_id, status, sum(number) FROM (
      SELECT authority_id, status, 1 AS number FROM after WHERE {OPEN}
      UNION ALL SELECT authority_id, status, -1 FROM before WHERE {OPEN}
    ) AS changed GROUP BY authority_id, status HAVING sum(number) <> 0;
  ELSE
    INSERT INTO reports_openwork (body_id, status, number)
    SELECT authority_id, status, -count(*) FROM before WHERE {OPEN} GROUP BY authority_id, status;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER open_work_arrives AFTER INSERT ON reports_report REFERENCING NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION open_work_has_changed();
CREATE TRIGGER open_work_changes AFTER UPDATE ON reports_report REFERENCING OLD TABLE AS before NEW TABLE AS after
  FOR EACH STATEMENT EXECUTE FUNCTION open_work_has_changed();
CREATE TRIGGER open_work_goes AFTER DELETE ON reports_report REFERENCING OLD TABLE AS before
  FOR EACH STATEMENT EXECUTE FUNCTION open_work_has_changed();
"""  # noqa: S608  constants only
# The triggers are made first: until this migration ends nobody else writes to reports
FIRST = f"INSERT INTO reports_openwork (body_id, status, number) SELECT authority_id, status, count(*) FROM reports_report WHERE {OPEN} GROUP BY 1, 2"  # noqa: S608  constants only


class Migration(migrations.Migration):
    dependencies = [("reports", "0024_map_of_some_time"), ("authorities", "0009_settings_version")]
    operations = [
        migrations.CreateModel(
            name="OpenWork",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("status", models.CharField(max_length=15)),
                ("number", models.IntegerField()),
                (
                    "body",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="authorities.body",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(COUNT, "DROP FUNCTION open_work_has_changed() CASCADE"),
        migrations.RunSQL(FIRST, migrations.RunSQL.noop),
    ]
