from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # the table may be big: nobody waits while indexes are built and rows are looked at
    dependencies = [("reports", "0017_deadlines")]

    operations = [
        AddIndexConcurrently(
            model_name="report",
            index=models.Index(
                condition=models.Q(
                    ("stage_due_at__isnull", False),
                    models.Q(("status__in", ["duplicate", "resolved", "returned", "withdrawn"]), _negated=True),
                ),
                fields=["stage_due_at"],
                name="report_stage_due",
            ),
        ),
        AddIndexConcurrently(
            model_name="report",
            index=models.Index(
                condition=models.Q(
                    ("stage_since__isnull", True),
                    models.Q(("status__in", ["duplicate", "resolved", "returned", "withdrawn"]), _negated=True),
                ),
                fields=["id"],
                name="report_without_stage",
            ),
        ),
        AddConstraintNotValid(
            model_name="report",
            constraint=models.CheckConstraint(
                condition=models.Q(("held__isnull", True), models.Q(("due_at__isnull", True), ("status", "waiting")), _connector="OR"),
                name="report_clock_stands_still_only_while_it_waits",
            ),
        ),
        ValidateConstraint(model_name="report", name="report_clock_stands_still_only_while_it_waits"),
    ]
