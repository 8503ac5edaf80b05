from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    atomic = False  # reports are filed while the index is made

    dependencies = [("reports", "0025_open_work")]

    operations = [
        AddIndexConcurrently(
            "report",
            models.Index(
                "status",
                F("due_at").asc(),
                F("severity").desc(),
                F("followers").desc(),
                F("filed_at").asc(),
                F("id").asc(),
                condition=~Q(status__in=["duplicate", "resolved", "returned", "withdrawn"]),
                name="report_queue_of_status",
            ),
        )
    ]
