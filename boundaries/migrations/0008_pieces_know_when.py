import django.contrib.postgres.fields.ranges
from django.db import migrations, models

# A piece is always as its unit is: whoever writes the one or the other, by whatever statement
KEEP = """
CREATE FUNCTION unitpiece_as_its_unit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT unit.level, unit.active, unit.validity INTO NEW.level, NEW.active, NEW.validity FROM boundaries_unit AS unit WHERE unit.id = NEW.unit_id;
  RETURN NEW;
END $$;

CREATE TRIGGER unitpiece_as_its_unit BEFORE INSERT OR UPDATE OF unit_id, level, active, validity ON boundaries_unitpiece
FOR EACH ROW EXECUTE FUNCTION unitpiece_as_its_unit();

CREATE FUNCTION unit_tells_its_pieces() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE boundaries_unitpiece AS piece SET level = unit.level, active = unit.active, validity = unit.validity
  FROM changed AS unit
  WHERE piece.unit_id = unit.id AND (piece.level, piece.active, piece.validity) IS DISTINCT FROM (unit.level, unit.active, unit.validity);
  RETURN NULL;
END $$;

CREATE TRIGGER unit_tells_its_pieces AFTER UPDATE ON boundaries_unit
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION unit_tells_its_pieces();
"""
FORGET = """
DROP TRIGGER unit_tells_its_pieces ON boundaries_unit;
DROP FUNCTION unit_tells_its_pieces();
DROP TRIGGER unitpiece_as_its_unit ON boundaries_unitpiece;
DROP FUNCTION unitpiece_as_its_unit();
"""
FILL = """
UPDATE boundaries_unitpiece AS piece SET level = unit.level, active = unit.active, validity = unit.validity
FROM boundaries_unit AS unit WHERE unit.id = piece.unit_id
"""


class Migration(migrations.Migration):
    dependencies = [("boundaries", "0007_plain_name_index_without_a_pending_list")]

    operations = [
        migrations.AddField("unitpiece", "level", models.CharField(max_length=10, editable=False, null=True)),
        migrations.AddField("unitpiece", "active", models.BooleanField(editable=False, null=True)),
        migrations.AddField("unitpiece", "validity", django.contrib.postgres.fields.ranges.DateRangeField(editable=False, null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("unitpiece", "level", models.CharField(max_length=10, editable=False)),
        migrations.AlterField("unitpiece", "active", models.BooleanField(editable=False)),
        migrations.AlterField("unitpiece", "validity", django.contrib.postgres.fields.ranges.DateRangeField(editable=False)),
        migrations.RunSQL(KEEP, FORGET),
    ]
