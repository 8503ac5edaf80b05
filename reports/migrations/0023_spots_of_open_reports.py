from django.contrib.postgres.indexes import GistIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

OPEN = ~models.Q(status__in=["duplicate", "resolved", "returned", "withdrawn"])


class Migration(migrations.Migration):
    atomic = False  # reports are filed while the index is made

    dependencies = [("reports", "0022_found_by_index")]

    operations = [AddIndexConcurrently("report", GistIndex(fields=["location", "filed_at"], condition=OPEN, name="report_open_spot"))]
