import django.contrib.postgres.indexes
from django.db import migrations, models

import boundaries.names

# Immutable, so that an index may use it. In order: f is ph, s x, z and gi and v d, w v, y i, k c, tr ch; double letters once; final t c, final ng and nh n
SOUNDS = r"""
CREATE FUNCTION sounds(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT AS $$
  SELECT regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(
    translate(replace(replace($1, 'tr', 'ch'), 'f', 'ph'), 'szyw', 'xdiv'),
    '([a-z])\1', '\1', 'g'), '\m(?:gi|v)(?=[aeou])', 'd', 'g'), 'k(?!h)', 'c', 'g'), 't\M', 'c', 'g'), 'n[gh]\M', 'n', 'g')
$$
"""


class Migration(migrations.Migration):
    dependencies = [
        ("boundaries", "0005_topology_check"),
    ]

    operations = [
        migrations.AddField(
            model_name="unit",
            name="plain_name",
            field=models.GeneratedField(
                db_persist=True, expression=boundaries.names.PlainName("name"), output_field=models.TextField(db_collation="C")
            ),
        ),
        migrations.RunSQL(SOUNDS, "DROP FUNCTION sounds(text)"),
        migrations.AddIndex(
            model_name="unit",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["plain_name"], name="unit_plain_name_trigram", opclasses=["gin_trgm_ops"]
            ),
        ),
        migrations.AddIndex(model_name="unit", index=models.Index(fields=["plain_name"], name="unit_plain_name")),
        migrations.AddIndex(model_name="unit", index=models.Index(boundaries.names.Initials("plain_name"), name="unit_initials")),
        migrations.AddIndex(model_name="unit", index=models.Index(boundaries.names.Closed("plain_name"), name="unit_closed_name")),
        migrations.AddIndex(model_name="unit", index=models.Index(boundaries.names.Sounds("plain_name"), name="unit_sounds")),
    ]
