"""The chains of changes: a digest over all their ends, to be published with the roots of history, and the search for breaks."""

from __future__ import annotations

from django.db import connection
from django.utils.translation import gettext as _

# What was published is only ever gone on from: where the published link is no longer there, its head stays, and shows
RENEW = """
INSERT INTO audit_head (subject, subject_id, number, hash)
SELECT DISTINCT ON (change.subject, change.subject_id) change.subject, change.subject_id, change.number, change.hash
FROM audit_change AS change ORDER BY change.subject, change.subject_id, change.number DESC
ON CONFLICT (subject, subject_id) DO UPDATE SET number = excluded.number, hash = excluded.hash
WHERE excluded.number > audit_head.number AND EXISTS (
  SELECT FROM audit_change AS held WHERE held.subject = audit_head.subject AND held.subject_id = audit_head.subject_id
    AND held.number = audit_head.number AND held.hash = audit_head.hash
)
"""
DIGEST = """
SELECT sha256(coalesce(string_agg(
  convert_to(jsonb_build_array(subject, subject_id, number, encode(hash, 'hex'))::text, 'UTF8'), '\\x0a'::bytea
  ORDER BY subject COLLATE "C", subject_id
), '')) FROM audit_head
"""
BREAKS = """
SELECT found.subject, found.subject_id, found.number, found.number_before FROM (
  SELECT change.*, lag(change.number) OVER chain AS number_before, lag(change.hash) OVER chain AS hash_before
  FROM audit_change AS change WINDOW chain AS (PARTITION BY change.subject, change.subject_id ORDER BY change.number)
) AS found
WHERE found.number <> coalesce(found.number_before, 0) + 1 OR found.hash <> audit_hash(
  found.hash_before, found.subject, found.subject_id, found.number, found.at, found.action, found.actor_id, found.cause, found.before, found.after
)
ORDER BY found.subject, found.subject_id, found.number
"""
CUT = """
SELECT head.subject, head.subject_id, head.number FROM audit_head AS head
LEFT JOIN audit_change AS change USING (subject, subject_id, number)
WHERE change.id IS NULL OR change.hash <> head.hash ORDER BY head.subject, head.subject_id
"""


def renew_heads() -> bytes:
    """Moves the ends to be published on to the present ones; their digest."""
    with connection.cursor() as cursor:
        cursor.execute(RENEW)
    return digest()


def digest() -> bytes:
    """SHA-256 over the ends as they were published last: a line of JSON each."""
    with connection.cursor() as cursor:
        cursor.execute(DIGEST)
        return bytes(cursor.fetchone()[0])


def breaks() -> list[str]:
    """A sentence for each change that is not what was written, is missing, or was cut off."""
    sentences = []
    with connection.cursor() as cursor:
        cursor.execute(BREAKS)
        for subject, key, number, before in cursor.fetchall():
            named = {"subject": subject, "key": key, "number": number, "missing": (before or 0) + 1}
            if number != named["missing"]:
                sentences.append(_("%(subject)s № %(key)d: change %(missing)d is missing before change %(number)d.") % named)
            else:
                sentences.append(_("%(subject)s № %(key)d: change %(number)d is not what was written.") % named)
        cursor.execute(CUT)
        for subject, key, number in cursor.fetchall():
            named = {"subject": subject, "key": key, "number": number}
            sentences.append(_("%(subject)s № %(key)d: change %(number)d, which a published root holds, is gone or another.") % named)
    return sentences
