import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("authorities", "0008_deadlines"),
        ("boundaries", "0007_plain_name_index_without_a_pending_list"),
        ("reports", "0016_surveys_and_proofs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("stage", models.CharField(max_length=10)),
                ("kind", models.CharField(max_length=10)),
                ("since", models.DateTimeField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="report",
            name="due_set_at",
            field=models.DateTimeField(
                blank=True, editable=False, help_text="When a rule last set the due date; empty: at filing", null=True
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="held",
            field=models.JSONField(
                blank=True, editable=False, help_text="While the clock stands still: what is left, in working seconds", null=True
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="paused_s",
            field=models.FloatField(
                blank=True, editable=False, help_text="Working seconds that the clock stood still since then", null=True
            ),
        ),
        migrations.AddField(
            model_name="report",
            name="stage_due_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="present step due"),
        ),
        migrations.AddField(
            model_name="report",
            name="stage_since",
            field=models.DateTimeField(blank=True, editable=False, help_text="When the present step began; empty: to be set", null=True),
        ),
        migrations.AddField(
            model_name="report",
            name="term_since",
            field=models.DateTimeField(blank=True, editable=False, help_text="When the time to answer began; empty: at filing", null=True),
        ),
        migrations.AddField(
            model_name="notice",
            name="report",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="notices", to="reports.report"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(fields=("report", "stage", "kind", "since"), name="notice_once_a_deadline"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(("stage__in", ["whole", "accept", "survey", "reply", "approval", "answer"])),
                name="notice_stage_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["soon", "overdue", "escalated"])), name="notice_kind_is_known"
            ),
        ),
    ]
