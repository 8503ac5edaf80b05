from django.db import migrations

from audit.triggers import recorded

TABLES = ("body", "bodysuccession", "category", "criterion", "membership", "returnreason", "rule", "territory")


class Migration(migrations.Migration):
    dependencies = [("authorities", "0004_approval_and_stand_ins"), ("audit", "0001_changes")]
    operations = [recorded(f"authorities_{table}") for table in TABLES]
