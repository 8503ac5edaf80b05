import django.contrib.postgres.fields
from django.db import migrations, models

LEAF = """
CREATE FUNCTION history_leaf(code text, number int, head bytea) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(decode('00', 'hex') || convert_to(jsonb_build_array(code, number, encode(head, 'hex'))::text, 'UTF8'));
"""
NO_LEAF = "DROP FUNCTION history_leaf(text, int, bytea);"

# One narrow row a statement and bucket: publishing need not ask every chain whether it has grown. A row, not a mark on a shared one: writers
# never wait for each other, and what commits while a root is being published is there for the next.
NOTE_CHANGES = """
CREATE FUNCTION note_change_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO reports_historychange (bucket) SELECT DISTINCT written.report_id / 256 FROM written;
  RETURN NULL;
END $$;
CREATE TRIGGER event_changes_the_tree AFTER INSERT ON reports_reportevent REFERENCING NEW TABLE AS written
  FOR EACH STATEMENT EXECUTE FUNCTION note_change_of_history();
INSERT INTO reports_historychange (bucket) SELECT DISTINCT report_id / 256 FROM reports_reportevent;
"""
NOTE_NOTHING = "DROP TRIGGER event_changes_the_tree ON reports_reportevent; DROP FUNCTION note_change_of_history();"

KEEP_ROOTS = """
CREATE TRIGGER history_is_append_only BEFORE UPDATE OR DELETE ON reports_historyroot
  FOR EACH ROW EXECUTE FUNCTION refuse_change_of_history();
CREATE TRIGGER history_is_never_emptied BEFORE TRUNCATE ON reports_historyroot
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying_of_history();
"""
LET_ROOTS_GO = "DROP TRIGGER history_is_append_only ON reports_historyroot; DROP TRIGGER history_is_never_emptied ON reports_historyroot;"


class Migration(migrations.Migration):
    dependencies = [("reports", "0007_history_chain")]
    operations = [
        migrations.CreateModel(
            name="HistoryChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("bucket", models.BigIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="HistoryNode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("level", models.PositiveSmallIntegerField()),
                ("place", models.BigIntegerField()),
                ("children", django.contrib.postgres.fields.ArrayField(base_field=models.BinaryField(null=True), size=None)),
                (
                    "numbers",
                    django.contrib.postgres.fields.ArrayField(base_field=models.IntegerField(null=True), null=True, size=None),
                ),
                ("filled", models.BigIntegerField(help_text="How many reports stand below")),
                ("hash", models.BinaryField()),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("level", "place"), name="node_once_in_the_tree")],
            },
        ),
        migrations.CreateModel(
            name="HistoryRoot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField(unique=True, verbose_name="number")),
                ("at", models.DateTimeField(verbose_name="published at")),
                ("tree", models.BinaryField(max_length=32)),
                ("reports", models.BigIntegerField(verbose_name="reports")),
                (
                    "administration",
                    models.BinaryField(default=bytes, help_text="Over the chains of administrators' changes", max_length=32),
                ),
                ("previous", models.BinaryField(max_length=32)),
                ("hash", models.BinaryField(max_length=32)),
            ],
            options={
                "verbose_name": "published root",
                "verbose_name_plural": "published roots",
                "ordering": ["-number"],
            },
        ),
        migrations.RunSQL(LEAF, NO_LEAF),
        migrations.RunSQL(NOTE_CHANGES, NOTE_NOTHING),
        migrations.RunSQL(KEEP_ROOTS, LET_ROOTS_GO),
    ]
