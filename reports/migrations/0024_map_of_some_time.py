from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # reports are filed while the index is made

    dependencies = [("reports", "0023_spots_of_open_reports")]

    operations = [
        AddIndexConcurrently(
            "report",
            models.Index(
                fields=["category", "filed_at"],
                include=["id", "cell_x", "cell_y", "status", "location"],
                condition=models.Q(published_at__isnull=False),
                name="report_public_counted",
            ),
        )
    ]
