import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models

from audit.triggers import recorded


class Migration(migrations.Migration):
    dependencies = [
        ("authorities", "0007_physical_and_survey_fields"),
    ]

    operations = [
        migrations.CreateModel(
            name="DeadlineRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("whole", "the whole report"),
                            ("accept", "acceptance"),
                            ("survey", "beginning the survey or the work"),
                            ("reply", "the reply"),
                            ("approval", "approval of the reply"),
                            ("answer", "the reporter's answer"),
                        ],
                        max_length=10,
                        verbose_name="deadline for",
                    ),
                ),
                ("amount", models.PositiveSmallIntegerField(verbose_name="amount")),
                (
                    "amount_in_danger",
                    models.PositiveSmallIntegerField(
                        blank=True, help_text="Empty: the same", null=True, verbose_name="amount where people are in danger"
                    ),
                ),
                (
                    "measure",
                    models.CharField(
                        choices=[("hours", "working hours"), ("days", "working days")],
                        default="days",
                        help_text="Days end with the working day; the day on which they begin does not count.",
                        max_length=10,
                        verbose_name="counted in",
                    ),
                ),
                (
                    "validity",
                    django.contrib.postgres.fields.ranges.DateRangeField(
                        help_text="The upper date is the first day on which it no longer held.", verbose_name="in force"
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="reason or source")),
                (
                    "code",
                    models.SlugField(
                        blank=True,
                        editable=False,
                        help_text="Set by load_authorities; empty for rules that were made here",
                        max_length=100,
                        verbose_name="code",
                    ),
                ),
                (
                    "body",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: every body",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deadlines",
                        to="authorities.body",
                        verbose_name="body",
                    ),
                ),
                (
                    "category",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty: every category",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deadlines",
                        to="authorities.category",
                        verbose_name="category",
                    ),
                ),
            ],
            options={
                "verbose_name": "deadline",
                "verbose_name_plural": "deadlines",
                "ordering": [
                    "stage",
                    models.OrderBy(models.F("category"), nulls_first=True),
                    models.OrderBy(models.F("body"), nulls_first=True),
                    "validity",
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("stage__in", ["whole", "accept", "survey", "reply", "approval", "answer"])),
                        name="deadline_stage_is_known",
                    ),
                    models.CheckConstraint(condition=models.Q(("measure__in", ["hours", "days"])), name="deadline_measure_is_known"),
                    models.CheckConstraint(
                        condition=models.Q(("amount__range", (1, 366))),
                        name="deadline_leaves_time",
                        violation_error_message="Give a number from 1 to 366.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount_in_danger", None),
                            models.Q(("amount_in_danger__gte", 1), ("amount_in_danger__lte", models.F("amount"))),
                            _connector="OR",
                        ),
                        name="deadline_is_no_longer_in_danger",
                        violation_error_message="Danger can only shorten a deadline.",
                    ),
                    models.CheckConstraint(condition=models.Q(("validity__isempty", False)), name="deadline_held_some_day"),
                    models.UniqueConstraint(
                        condition=models.Q(("code", ""), _negated=True), fields=("code",), name="deadline_of_the_files_once"
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            ("stage", "="),
                            (django.db.models.functions.comparison.Coalesce("category", models.Value(0)), "="),
                            (django.db.models.functions.comparison.Coalesce("body", models.Value(0)), "="),
                            ("validity", "&&"),
                        ],
                        name="deadline_once_at_a_time",
                        violation_error_message="There is such a deadline in that period already.",
                    ),
                ],
            },
        ),
        recorded("authorities_deadlinerule"),
    ]
