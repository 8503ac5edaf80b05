from django.db import migrations

# The hand-overs that the histories tell of, but not those that were taken back
FILL = """
INSERT INTO reports_transfer (report_id, from_body_id, to_body_id, how, offered_by_id, at, outcome, answered_at)
SELECT event.report_id, former.id, next.id, CASE WHEN event.kind IN ('assign', 'to_triage') THEN 'portal' ELSE 'rules' END, NULL,
       event.at, 'accepted', event.at
FROM reports_reportevent AS event
JOIN authorities_body AS former ON former.code = event.data ->> 'from'
JOIN authorities_body AS next ON next.code = event.data ->> 'to'
WHERE event.kind IN ('assign', 'to_triage', 'recategorise', 'reopen', 'not_fixed') AND former.id <> next.id
  AND NOT EXISTS (
    SELECT FROM reports_reportevent AS undo
    WHERE undo.report_id = event.report_id AND undo.kind = 'undo' AND undo.data ->> 'undoes' = event.id::text
  )
"""


class Migration(migrations.Migration):
    dependencies = [("reports", "0019_several_bodies_at_a_report")]

    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
