from django.db import migrations, models

# Exact whatever writes the table (pages, jobs, bulk updates, the shell). "followers = followers + 1" waits for whoever holds the report, and a
# step reads it under its lock before it saves: neither loses the other's.
COUNT = """
CREATE FUNCTION count_followers() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  before int := 0;
  after int := 0;
BEGIN
  IF TG_OP <> 'INSERT' AND OLD.confirmed_at IS NOT NULL AND OLD.ended_at IS NULL AND NOT OLD.is_reporter THEN before := 1; END IF;
  IF TG_OP <> 'DELETE' AND NEW.confirmed_at IS NOT NULL AND NEW.ended_at IS NULL AND NOT NEW.is_reporter THEN after := 1; END IF;
  IF TG_OP = 'UPDATE' AND OLD.report_id <> NEW.report_id THEN
    UPDATE reports_report SET followers = followers - before WHERE id = OLD.report_id AND before > 0;
    before := 0;
  END IF;
  IF before <> after THEN
    UPDATE reports_report SET followers = followers + after - before
    WHERE id = CASE WHEN TG_OP = 'DELETE' THEN OLD.report_id ELSE NEW.report_id END;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER followers_are_counted AFTER INSERT OR UPDATE OR DELETE ON reports_follow FOR EACH ROW EXECUTE FUNCTION count_followers();
UPDATE reports_report AS report SET followers = counted.number
FROM (
  SELECT report_id, count(*) AS number FROM reports_follow WHERE confirmed_at IS NOT NULL AND ended_at IS NULL AND NOT is_reporter GROUP BY report_id
) AS counted
WHERE counted.report_id = report.id;
"""
COUNT_NO_MORE = "DROP TRIGGER followers_are_counted ON reports_follow; DROP FUNCTION count_followers();"


class Migration(migrations.Migration):
    dependencies = [("reports", "0008_published_roots")]

    operations = [
        migrations.AddField(
            model_name="report",
            name="followers",
            field=models.PositiveIntegerField(
                db_default=0,
                default=0,
                editable=False,
                help_text="Those who are told, the reporter not counted; kept by a trigger",
                verbose_name="followers",
            ),
        ),
        migrations.RunSQL(COUNT, COUNT_NO_MORE),
        migrations.RemoveIndex(
            model_name="report",
            name="report_open_by_due",
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(
                models.F("authority"),
                models.OrderBy(models.F("due_at")),
                models.OrderBy(models.F("severity"), descending=True),
                models.OrderBy(models.F("followers"), descending=True),
                models.OrderBy(models.F("filed_at")),
                models.OrderBy(models.F("id")),
                condition=models.Q(("status__in", ["duplicate", "resolved", "returned", "withdrawn"]), _negated=True),
                name="report_queue_of_body",
            ),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(
                models.OrderBy(models.F("due_at")),
                models.OrderBy(models.F("severity"), descending=True),
                models.OrderBy(models.F("followers"), descending=True),
                models.OrderBy(models.F("filed_at")),
                models.OrderBy(models.F("id")),
                condition=models.Q(("status__in", ["duplicate", "resolved", "returned", "withdrawn"]), _negated=True),
                name="report_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="report",
            index=models.Index(
                condition=models.Q(("status__in", ["duplicate", "resolved", "returned", "withdrawn"]), _negated=True),
                fields=["authority"],
                include=("id", "status", "officer", "due_at", "version", "changed_at"),
                name="report_open_counted",
            ),
        ),
    ]
