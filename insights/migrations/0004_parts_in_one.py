from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

# Two JSON objects a cell took five times as long to build as one array, and more room
EMPTY = "DELETE FROM insights_pyramid; TRUNCATE insights_celltotal, insights_cellcount;"  # the worker builds them anew; until then reports are counted

# A part is a key × 2³² plus how many, which may be less than none. Parts of a key are added up; what comes to nothing is left out
TALLY = """
DROP FUNCTION tallied(jsonb, jsonb);
CREATE FUNCTION tallied(kept bigint[], more bigint[]) RETURNS bigint[] LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (
  SELECT coalesce(array_agg((summed.key << 32) + summed.number ORDER BY summed.key), '{}') FROM (
    SELECT (part + 2147483648) >> 32 AS key, sum(part - (((part + 2147483648) >> 32) << 32))::bigint AS number
    FROM unnest(kept || more) AS part GROUP BY 1
    HAVING sum(part - (((part + 2147483648) >> 32) << 32)) <> 0
  ) AS summed
);
CREATE FUNCTION part_of(category_id bigint, status int, number bigint) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((category_id * 16 + status) << 32) + number;
"""
NO_TALLY = """
DROP FUNCTION part_of(bigint, int, bigint);
DROP FUNCTION tallied(bigint[], bigint[]);
CREATE FUNCTION tallied(kept jsonb, more jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN (
  SELECT coalesce(jsonb_object_agg(summed.key, summed.number), '{}') FROM (
    SELECT key, sum(value::int) AS number FROM (SELECT * FROM jsonb_each_text(kept) UNION ALL SELECT * FROM jsonb_each_text(more)) AS pair
    GROUP BY key HAVING sum(value::int) <> 0
  ) AS summed
);
"""


class Migration(migrations.Migration):
    dependencies = [("insights", "0003_figures")]

    operations = [
        migrations.RunSQL(EMPTY, EMPTY),
        migrations.RunSQL(TALLY, NO_TALLY),
        migrations.RemoveField("celltotal", "categories"),
        migrations.RemoveField("celltotal", "statuses"),
        migrations.AddField(
            "celltotal",
            "parts",
            ArrayField(
                models.BigIntegerField(),
                default=list,
                size=None,
                help_text="How many of each category and status: (16 × key + number) × 2³² + how many",
            ),
            preserve_default=False,
        ),
    ]
