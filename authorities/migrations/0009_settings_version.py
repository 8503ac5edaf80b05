from django.db import migrations, models

import authorities.models

# A row a statement, never an update of a shared one: an activation of minutes must not make an administrator wait who edits a rule. The marks
# are drawn by chance, not counted up: a number that is drawn in one transaction and committed after a later one would change no maximum.
NOTE = """
CREATE FUNCTION settings_have_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO authorities_settingchange (mark) VALUES (hashtextextended(gen_random_uuid()::text, 0));
  RETURN NULL;
END $$;
"""
TABLES = (
    "authorities_body",
    "authorities_category",
    "authorities_daychange",
    "authorities_deadlinerule",
    "authorities_rule",
    "authorities_territory",
    "boundaries_edition",
    "boundaries_unit",
)
TRIGGERS = "".join(
    f"CREATE TRIGGER settings_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION settings_have_changed();"
    for table in TABLES
)
FIRST = "INSERT INTO authorities_settingchange (mark) VALUES (hashtextextended(gen_random_uuid()::text, 0))"


class Migration(migrations.Migration):
    dependencies = [("authorities", "0008_deadlines"), ("boundaries", "0007_plain_name_index_without_a_pending_list")]
    operations = [
        migrations.CreateModel(
            name="SettingChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mark", models.BigIntegerField(default=authorities.models.new_mark)),
            ],
        ),
        migrations.RunSQL(NOTE + TRIGGERS, "DROP FUNCTION settings_have_changed() CASCADE"),
        migrations.RunSQL(FIRST, migrations.RunSQL.noop),
    ]
