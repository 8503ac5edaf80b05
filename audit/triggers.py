"""The trigger by which a table's changes are recorded, for the migrations of the apps whose tables they are."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.migrations import RunSQL


def recorded(table: str, *, key: str = "id", left_out: Sequence[str] = (), masked: Sequence[str] = ()) -> RunSQL:
    """Records each change of a table's rows from now on. What is left out is no change at all; of what is masked only that it changed is told.

    `key` is the column by which the row is known.
    """
    names = ", ".join(f"'{','.join(columns)}'" for columns in ((key,), left_out, masked))
    return RunSQL(
        f"CREATE TRIGGER changes_are_recorded AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION audit_change({names})",
        f"DROP TRIGGER changes_are_recorded ON {table}",
    )
