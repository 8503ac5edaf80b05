from django.db import migrations, models

from gis.cells import CellCode


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0011_sides_together"),
        ("reports", "0028_map_of_some_place"),  # cell_code()
    ]

    operations = [
        migrations.CreateModel(
            name="DenseCell",
            fields=[
                ("pk", models.CompositePrimaryKey("x", "y", blank=True, editable=False, primary_key=True, serialize=False)),
                ("x", models.IntegerField()),
                ("y", models.IntegerField()),
                ("depth", models.SmallIntegerField()),
                (
                    "code",
                    models.GeneratedField(
                        db_persist=True,
                        expression=CellCode("x", "y"),
                        help_text="In the order of cells",
                        output_field=models.BigIntegerField(),
                        unique=True,
                    ),
                ),
            ],
        ),
    ]
