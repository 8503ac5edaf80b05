from django.db import migrations, models

from audit.triggers import recorded


class Migration(migrations.Migration):
    dependencies = [("authorities", "0005_changes_are_recorded"), ("audit", "0001_changes")]
    operations = [
        migrations.CreateModel(
            name="DayChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField(unique=True, verbose_name="day")),
                (
                    "works",
                    models.BooleanField(
                        default=False,
                        help_text="Ticked: a weekend or holiday that is worked. Not ticked: a day off.",
                        verbose_name="working day",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=300, verbose_name="reason or source")),
            ],
            options={
                "verbose_name": "changed working day",
                "verbose_name_plural": "changed working days",
                "ordering": ["-day"],
            },
        ),
        recorded("authorities_daychange"),
    ]
