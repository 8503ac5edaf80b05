from django.db import migrations, models

LINE = """
CREATE FUNCTION audit_hash(
  previous bytea, subject text, subject_id bigint, number int, at timestamptz, action text, actor_id bigint, cause text, before jsonb, after jsonb
) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE RETURN sha256(
  coalesce(previous, decode(repeat('00', 32), 'hex')) || convert_to(jsonb_build_array(
    subject, subject_id, number, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), action, actor_id, cause, before, after
  )::text, 'UTF8')
);
"""
NO_LINE = "DROP FUNCTION audit_hash(bytea, text, bigint, int, timestamptz, text, bigint, text, jsonb, jsonb);"

# Chained per row of the changed table: that row is locked by its own change, so no two writers meet, and no lock is held beside it.
# Passwords and addresses come out as '•': a change of one says that it was changed, not from what to what.
RECORD = """
CREATE FUNCTION audit_change() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  left_out text[] := string_to_array(TG_ARGV[1], ',');
  masked text[] := string_to_array(TG_ARGV[2], ',');
  was jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - left_out END;
  now_is jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - left_out END;
  subject_key bigint := coalesce(now_is, was) ->> TG_ARGV[0];
  last record;
  change audit_change%ROWTYPE;
BEGIN
  IF was = now_is THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_object_agg(pair.key, pair.value) INTO now_is FROM jsonb_each(now_is) AS pair
    WHERE pair.value IS DISTINCT FROM was -> pair.key;
  END IF;
  SELECT jsonb_object_agg(pair.key, CASE WHEN pair.key = ANY(masked) AND pair.value NOT IN ('""', 'null') THEN '"•"' ELSE pair.value END)
  INTO was FROM jsonb_each(was) AS pair;
  SELECT jsonb_object_agg(pair.key, CASE WHEN pair.key = ANY(masked) AND pair.value NOT IN ('""', 'null') THEN '"•"' ELSE pair.value END)
  INTO now_is FROM jsonb_each(now_is) AS pair;
  SELECT found.number, found.hash INTO last FROM audit_change AS found
  WHERE found.subject = TG_TABLE_NAME AND found.subject_id = subject_key ORDER BY found.number DESC LIMIT 1;
  change.subject := TG_TABLE_NAME;
  change.subject_id := subject_key;
  change.number := coalesce(last.number, 0) + 1;
  change.at := clock_timestamp();
  change.action := lower(TG_OP);
  change.actor_id := nullif(current_setting('audit.actor', true), '')::bigint;
  change.cause := coalesce(current_setting('audit.cause', true), '');
  change.before := was;
  change.after := now_is;
  INSERT INTO audit_change (subject, subject_id, number, at, action, actor_id, cause, before, after, hash)
  VALUES (
    change.subject, change.subject_id, change.number, change.at, change.action, change.actor_id, change.cause, change.before, change.after,
    audit_hash(
      last.hash, change.subject, change.subject_id, change.number, change.at, change.action, change.actor_id, change.cause, change.before,
      change.after
    )
  );
  RETURN NULL;
END $$;
"""
NO_RECORD = "DROP FUNCTION audit_change();"

# As with the history of reports; databases of test runners, which empty tables between tests, are called test_…
KEEP = """
CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'TRUNCATE' AND current_database() LIKE 'test\\_%' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'The record of changes is append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER record_is_append_only BEFORE UPDATE OR DELETE ON audit_change FOR EACH ROW EXECUTE FUNCTION audit_refuse();
CREATE TRIGGER record_is_never_emptied BEFORE TRUNCATE ON audit_change FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse();
"""
NO_KEEP = """
DROP TRIGGER record_is_append_only ON audit_change;
DROP TRIGGER record_is_never_emptied ON audit_change;
DROP FUNCTION audit_refuse();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Change",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(help_text="The table", max_length=63, verbose_name="what")),
                ("subject_id", models.BigIntegerField()),
                ("number", models.PositiveIntegerField(verbose_name="number")),
                ("at", models.DateTimeField(verbose_name="when")),
                (
                    "action",
                    models.CharField(
                        choices=[("insert", "made"), ("update", "changed"), ("delete", "deleted")], max_length=10, verbose_name="action"
                    ),
                ),
                ("actor_id", models.BigIntegerField(null=True)),
                ("cause", models.CharField(blank=True, max_length=100, verbose_name="by way of")),
                ("before", models.JSONField(help_text="The row as it was", null=True)),
                ("after", models.JSONField(help_text="What it became; of a changed row, what is different", null=True)),
                ("hash", models.BinaryField(max_length=32)),
            ],
            options={
                "verbose_name": "change",
                "verbose_name_plural": "changes",
                "ordering": ["-at", "-pk"],
                "indexes": [models.Index(fields=["-at", "-id"], name="change_newest")],
                "constraints": [models.UniqueConstraint(fields=("subject", "subject_id", "number"), name="change_number_once_a_row")],
            },
        ),
        migrations.CreateModel(
            name="Head",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=63)),
                ("subject_id", models.BigIntegerField()),
                ("number", models.PositiveIntegerField()),
                ("hash", models.BinaryField(max_length=32)),
            ],
            options={"constraints": [models.UniqueConstraint(fields=("subject", "subject_id"), name="head_once_a_row")]},
        ),
        migrations.RunSQL(LINE, NO_LINE),
        migrations.RunSQL(RECORD, NO_RECORD),
        migrations.RunSQL(KEEP, NO_KEEP),
    ]
