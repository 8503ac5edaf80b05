from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models
from django.db.models.functions import Reverse

from reports.searching import ReportWords

# With a body that is parsed once: upkeep of the index runs without this schema in its path
WORDS = r"""
CREATE FUNCTION report_words(description text, place_note text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('simple', regexp_replace(folded(description || ' ' || place_note), '\W|_', ' ', 'g'))
"""
ENDED = models.Q(closed_at__isnull=False)
LAST = (models.F("closed_at").desc(), models.F("id").desc())


class Migration(migrations.Migration):
    atomic = False  # reports are filed while the indexes are made

    dependencies = [("reports", "0021_officer_news_of_deadlines")]

    operations = [
        migrations.RunSQL(WORDS, "DROP FUNCTION report_words(text, text)"),
        AddIndexConcurrently("report", models.Index(fields=["changed_at"], name="report_changed")),
        AddIndexConcurrently("report", models.Index(*LAST, condition=ENDED, name="report_closed_last")),
        AddIndexConcurrently("report", models.Index("authority", *LAST, condition=ENDED, name="report_closed_last_of_body")),
        AddIndexConcurrently("report", GinIndex(ReportWords(), name="report_words")),
        AddIndexConcurrently(
            "contact",
            models.Index(
                OpClass(Reverse("phone"), name="text_pattern_ops"), condition=~models.Q(phone=""), name="contact_phone_by_its_end"
            ),
        ),
        RemoveIndexConcurrently("report", "report_text_trigram"),
        RemoveIndexConcurrently("report", "report_closed"),
    ]
