from django.db import migrations, models

# The new tables hold nothing yet: every slice is counted anew, and until then from the reports themselves
MARK_ALL = """
INSERT INTO insights_figurechange (month, unit_id)
SELECT DISTINCT date_trunc('month', filed_at AT TIME ZONE 'Asia/Ho_Chi_Minh')::date, COALESCE(unit_id, 0) FROM reports_report
"""


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0008_figures_by_mail"),
    ]

    operations = [
        migrations.CreateModel(
            name="FigureCellOfMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("unit", models.BigIntegerField(db_column="unit_id")),
                ("place", models.IntegerField(db_column="place_id")),
                ("authority", models.BigIntegerField(db_column="authority_id")),
                ("category", models.BigIntegerField(db_column="category_id")),
                ("status", models.CharField(max_length=15)),
                ("published", models.BooleanField()),
                ("due", models.DateField(null=True)),
                ("reports", models.IntegerField()),
                ("split", models.IntegerField()),
                ("reopened", models.IntegerField()),
                ("transferred", models.IntegerField()),
                ("dated", models.IntegerField(help_text="Resolved, with a due date")),
                ("on_time", models.IntegerField(help_text="Of those, resolved by it")),
            ],
        ),
        migrations.CreateModel(
            name="FigureFact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("unit", models.BigIntegerField(db_column="unit_id")),
                ("place", models.IntegerField(db_column="place_id")),
                ("authority", models.BigIntegerField(db_column="authority_id")),
                ("category", models.BigIntegerField(db_column="category_id")),
                ("status", models.CharField(max_length=15)),
                ("report", models.BigIntegerField(db_column="report_id")),
                ("filed_at", models.DateTimeField()),
                ("published", models.BooleanField()),
                ("due", models.DateField(null=True)),
                ("split", models.SmallIntegerField()),
                ("reopened", models.SmallIntegerField()),
                ("transferred", models.SmallIntegerField()),
                ("dated", models.SmallIntegerField()),
                ("on_time", models.SmallIntegerField()),
                ("m1", models.SmallIntegerField(null=True)),
                ("m2", models.SmallIntegerField(null=True)),
                ("m3", models.SmallIntegerField(null=True)),
                ("m4", models.SmallIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="FigureOpinion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("unit", models.BigIntegerField(db_column="unit_id")),
                ("place", models.IntegerField(db_column="place_id")),
                ("authority", models.BigIntegerField(db_column="authority_id")),
                ("category", models.BigIntegerField(db_column="category_id")),
                ("status", models.CharField(max_length=15)),
                ("filed_at", models.DateTimeField(help_text="When its report was")),
                ("measure", models.IntegerField()),
                ("bucket", models.SmallIntegerField()),
            ],
        ),
        migrations.CreateModel(
            name="FigureSpreadOfMonth",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField()),
                ("unit", models.BigIntegerField(db_column="unit_id")),
                ("place", models.IntegerField(db_column="place_id")),
                ("authority", models.BigIntegerField(db_column="authority_id")),
                ("category", models.BigIntegerField(db_column="category_id")),
                ("status", models.CharField(max_length=15)),
                ("measure", models.IntegerField()),
                ("b1", models.IntegerField()),
                ("b2", models.IntegerField()),
                ("b3", models.IntegerField()),
                ("b4", models.IntegerField()),
                ("b5", models.IntegerField()),
                ("b6", models.IntegerField()),
                ("b7", models.IntegerField()),
                ("b8", models.IntegerField()),
                ("b9", models.IntegerField()),
                ("b10", models.IntegerField()),
                ("b11", models.IntegerField()),
                ("b12", models.IntegerField()),
                ("b13", models.IntegerField()),
                ("b14", models.IntegerField()),
                ("b15", models.IntegerField()),
                ("b16", models.IntegerField()),
                ("b17", models.IntegerField()),
                ("b18", models.IntegerField()),
                ("b19", models.IntegerField()),
                ("b20", models.IntegerField()),
            ],
        ),
        migrations.AddIndex(
            model_name="figurecell",
            index=models.Index(fields=["category", "month"], name="figure_cell_of_category"),
        ),
        migrations.AddIndex(
            model_name="figurespread",
            index=models.Index(fields=["category", "month"], name="figure_spread_of_category"),
        ),
        migrations.AddIndex(
            model_name="figurecellofmonth",
            index=models.Index(fields=["month"], name="figure_cell_of_month"),
        ),
        migrations.AddIndex(
            model_name="figurefact",
            index=models.Index(fields=["filed_at"], name="figure_fact_by_time"),
        ),
        migrations.AddIndex(
            model_name="figurefact",
            index=models.Index(fields=["month", "unit"], name="figure_fact_of_slice"),
        ),
        migrations.AddIndex(
            model_name="figureopinion",
            index=models.Index(fields=["filed_at"], name="figure_opinion_by_time"),
        ),
        migrations.AddIndex(
            model_name="figureopinion",
            index=models.Index(fields=["month", "unit"], name="figure_opinion_of_slice"),
        ),
        migrations.AddIndex(
            model_name="figurespreadofmonth",
            index=models.Index(fields=["month"], name="figure_spread_of_month"),
        ),
        migrations.RunSQL(MARK_ALL, migrations.RunSQL.noop),
    ]
