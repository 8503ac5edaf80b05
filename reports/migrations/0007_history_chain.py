import uuid

from django.db import migrations, models

# What is hashed stands in docs/history.md: whoever changes one of these functions breaks every chain there is.
FUNCTIONS = """
CREATE FUNCTION history_open_text(
  code text, number int, at timestamptz, kind text, status_before text, status_after text, body_id bigint, public boolean
) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE RETURN jsonb_build_array(
  code, number, to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), kind, status_before, status_after, body_id, public
)::text;

CREATE FUNCTION history_closed_digest(salt uuid, actor_id bigint, data jsonb) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(uuid_send(salt) || convert_to(jsonb_build_array(actor_id, data)::text, 'UTF8'));

CREATE FUNCTION history_content(code text, event reports_reportevent) RETURNS bytea LANGUAGE sql STABLE PARALLEL SAFE
RETURN sha256(
  convert_to(
    history_open_text(
      code, event.number, event.at, event.kind, event.status_before, event.status_after, event.body_id, event.public
    ), 'UTF8'
  ) || history_closed_digest(event.salt, event.actor_id, event.data)
);

CREATE FUNCTION history_link(previous bytea, content bytea) RETURNS bytea LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN sha256(coalesce(previous, decode(repeat('00', 32), 'hex')) || content);
"""
NO_FUNCTIONS = """
DROP FUNCTION history_link(bytea, bytea);
DROP FUNCTION history_content(text, reports_reportevent);
DROP FUNCTION history_closed_digest(uuid, bigint, jsonb);
DROP FUNCTION history_open_text(text, int, timestamptz, text, text, text, bigint, boolean);
"""

# The chains of what is there, in the order in which it was written; one UPDATE, each row once
BACKFILL = """
ALTER TABLE reports_reportevent DISABLE TRIGGER history_is_append_only;
CREATE AGGREGATE history_chain(bytea) (SFUNC = history_link, STYPE = bytea);
WITH numbered AS MATERIALIZED (
  SELECT event.id, row_number() OVER (PARTITION BY event.report_id ORDER BY event.id) AS number, gen_random_uuid() AS salt
  FROM reports_reportevent AS event
), contents AS MATERIALIZED (
  SELECT event.id, event.report_id, numbered.number, numbered.salt, sha256(
    convert_to(
      history_open_text(
        report.code, numbered.number::int, event.at, event.kind, event.status_before, event.status_after, event.body_id, event.public
      ), 'UTF8'
    ) || history_closed_digest(numbered.salt, event.actor_id, event.data)
  ) AS content
  FROM reports_reportevent AS event JOIN numbered USING (id) JOIN reports_report AS report ON report.id = event.report_id
), chained AS (
  SELECT id, number, salt, history_chain(content) OVER (PARTITION BY report_id ORDER BY number ROWS UNBOUNDED PRECEDING) AS hash
  FROM contents
)
UPDATE reports_reportevent AS event SET number = chained.number, salt = chained.salt, hash = chained.hash
FROM chained WHERE chained.id = event.id;
DROP AGGREGATE history_chain(bytea);
ALTER TABLE reports_reportevent ENABLE TRIGGER history_is_append_only;
"""

# A trigger, so that no writer can forget it: services, statements that write a hundred thousand events, the demonstration. It locks the
# report's row, which services hold already: of two writers the second sees the first one's link. Without a sequential scan whatever the
# statistics say: a plan made while the table was empty would be kept for the whole of a large statement.
CHAIN = """
CREATE FUNCTION chain_report_event() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
  code text;
  previous record;
BEGIN
  SELECT report.code INTO code FROM reports_report AS report WHERE report.id = NEW.report_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'There is no report % whose history this could be', NEW.report_id USING ERRCODE = 'foreign_key_violation';
  END IF;
  SELECT event.number, event.hash INTO previous FROM reports_reportevent AS event
  WHERE event.report_id = NEW.report_id ORDER BY event.number DESC LIMIT 1;
  NEW.number := coalesce(previous.number, 0) + 1;
  NEW.salt := gen_random_uuid();
  NEW.hash := history_link(previous.hash, history_content(code, NEW));
  RETURN NEW;
END $$;
CREATE TRIGGER event_is_chained BEFORE INSERT ON reports_reportevent FOR EACH ROW EXECUTE FUNCTION chain_report_event();
"""
NO_CHAIN = "DROP TRIGGER event_is_chained ON reports_reportevent; DROP FUNCTION chain_report_event();"

# Test runners empty tables between tests, in databases that are called test_…
KEEP = """
CREATE FUNCTION refuse_emptying_of_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_database() LIKE 'test\\_%' THEN
    RETURN NULL;
  END IF;
  RAISE EXCEPTION 'History is append-only: % of % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER history_is_never_emptied BEFORE TRUNCATE ON reports_reportevent
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_emptying_of_history();
"""
NO_KEEP = "DROP TRIGGER history_is_never_emptied ON reports_reportevent; DROP FUNCTION refuse_emptying_of_history();"


class Migration(migrations.Migration):
    dependencies = [("reports", "0006_ratings")]
    operations = [
        migrations.AddField("reportevent", "number", models.PositiveIntegerField(default=0, editable=False)),
        migrations.AddField("reportevent", "salt", models.UUIDField(default=uuid.UUID(int=0), editable=False)),
        migrations.AddField("reportevent", "hash", models.BinaryField(default=bytes, max_length=32, editable=False)),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        migrations.RunSQL(BACKFILL, migrations.RunSQL.noop),
        migrations.AddConstraint("reportevent", models.UniqueConstraint(fields=["report", "number"], name="event_number_once_a_report")),
        migrations.RunSQL(CHAIN, NO_CHAIN),
        migrations.RunSQL(KEEP, NO_KEEP),
    ]
