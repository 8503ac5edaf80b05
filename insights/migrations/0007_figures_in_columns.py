from django.db import migrations, models

# A column for each bucket is added up three times as fast as elements of an array. What was counted is thrown away and counted again
EMPTY = "DELETE FROM insights_figurespread; DELETE FROM insights_figurespreadofall;"
MARK_ALL = """
INSERT INTO insights_figurechange (month, unit_id)
SELECT DISTINCT date_trunc('month', filed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, COALESCE(unit_id, 0) FROM reports_report
"""


def columns(model):
    """One array becomes twenty columns; the default is never used, for the table is empty."""
    return [
        migrations.RemoveField(model_name=model, name="counts"),
        *(
            migrations.AddField(model_name=model, name=f"b{number}", field=models.IntegerField(default=0), preserve_default=False)
            for number in range(1, 21)
        ),
    ]


class Migration(migrations.Migration):
    dependencies = [("insights", "0006_early_warnings")]

    operations = [
        migrations.RunSQL(EMPTY, EMPTY),
        migrations.RunSQL(MARK_ALL, MARK_ALL),
        *columns("figurespread"),
        *columns("figurespreadofall"),
    ]
