import django.contrib.gis.db.models.fields
import django.db.models.deletion
from django.db import migrations, models

# Each is written with every report: one that begins with the same column stands beside it, or nobody asks for it. By name, because Django would
# make the foreign keys anew, which looks through the whole table
UNUSED = {
    "reports_report_unit_id_711212ce": "reports_report (unit_id)",  # report_by_unit
    "reports_report_location_at_filing_4d98641b_id": "reports_report USING gist (location_at_filing)",
    "reports_report_authority_at_closing_id_03678ec5": "reports_report (authority_at_closing_id)",
    "reports_reportplace_report_id_b5dee167": "reports_reportplace (report_id)",  # place_once_an_edition
    "reports_handling_report_id_185c94d9": "reports_handling (report_id)",  # handling_body_once_a_report
    "reports_reportevent_report_id_5031d186": "reports_reportevent (report_id)",  # event_of_report
    "reports_follow_report_id_b3ac903c": "reports_follow (report_id)",  # follow_address_once_a_report
    "reports_idempotencykey_key_c7af4c99_like": "reports_idempotencykey (key varchar_pattern_ops)",
}


def key(to, related_name, on_delete=django.db.models.deletion.CASCADE, **options):
    return models.ForeignKey(db_index=False, on_delete=on_delete, related_name=related_name, to=to, **options)


class Migration(migrations.Migration):
    atomic = False  # reports are filed meanwhile

    dependencies = [("reports", "0026_queue_of_a_state")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(f"DROP INDEX CONCURRENTLY IF EXISTS {name}", f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON {what}")
                for name, what in UNUSED.items()
            ],
            state_operations=[
                migrations.AlterField("follow", "report", key("reports.report", "follows")),
                migrations.AlterField("handling", "report", key("reports.report", "handlings")),
                migrations.AlterField(
                    "report",
                    "authority_at_closing",
                    key(
                        "authorities.body",
                        "reports_closed",
                        django.db.models.deletion.PROTECT,
                        blank=True,
                        null=True,
                        verbose_name="body at closing",
                    ),
                ),
                migrations.AlterField(
                    "report",
                    "location_at_filing",
                    django.contrib.gis.db.models.fields.PointField(spatial_index=False, srid=4326, verbose_name="spot as filed"),
                ),
                migrations.AlterField(
                    "report",
                    "unit",
                    key("boundaries.unit", "reports", django.db.models.deletion.PROTECT, blank=True, null=True, verbose_name="unit"),
                ),
                migrations.AlterField(
                    "reportevent", "report", key("reports.report", "events", django.db.models.deletion.PROTECT, db_constraint=False)
                ),
                migrations.AlterField("reportplace", "report", key("reports.report", "places")),
            ],
        )
    ]
