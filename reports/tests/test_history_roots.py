"""Whoever tampers with history, with whatever rights in the database, is found out."""

import hashlib
import json

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import tasks
from reports.history import tree
from reports.history.models import HistoryNode, HistoryRoot
from reports.history.roots import publish_root
from reports.history.verify import verify
from reports.models import ReportEvent
from reports.services import take_step
from reports.territory import activate_and_reroute, undo_activation
from reports.tests.desk_cases import file

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def worked_on(pothole, body_a, binh, spot_a):
    """A report with four events."""
    report = file(pothole, spot_a)
    for step in ("accept", "survey", "work"):
        take_step(report.pk, step=step, actor=binh)
    return report


GUARDED = ("reports_reportevent", "reports_historyroot")


def tamper(sql, *asked):
    """What somebody does who owns the tables: the triggers are switched off, and on again when it is done."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute(sql, asked)
        assert cursor.rowcount
        for table in GUARDED:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def wipe_out(report):
    """The row of a report with what hangs on it, its history apart."""
    for table in ("reports_reportplace WHERE report_id", "reports_handling WHERE report_id", "reports_report WHERE id"):
        tamper(f"DELETE FROM {table} = %s", report.pk)


def only_break():
    breaks = verify().breaks
    assert len(breaks) == 1, breaks
    sentence = breaks[0]
    return sentence


class TestTampering:
    def test_a_history_that_nobody_touched_is_whole(self, worked_on):
        publish_root()
        found = verify()
        assert (found.reports, found.events, found.roots, found.breaks) == (1, 4, 1, [])

    @pytest.mark.parametrize(
        "change",
        [
            "at = at - interval '1 day'", "kind = 'work'", "status_before = ''", "status_after = 'new'", "body_id = NULL", "actor_id = 4711",
            "public = NOT public", "data = '{\"by\": \"somebody\"}'", "salt = gen_random_uuid()", "hash = sha256('')",
        ],
    )  # fmt: skip
    def test_whatever_is_changed_of_an_event_is_found(self, change, worked_on):
        tamper(f"UPDATE reports_reportevent SET {change} WHERE report_id = %s AND number = 2", worked_on.pk)
        breaks = verify().breaks
        assert f"{worked_on.readable_code}: event 2 is not what was written" in breaks[0]

    def test_an_event_taken_out_of_the_middle_is_missed(self, worked_on):
        tamper("DELETE FROM reports_reportevent WHERE report_id = %s AND number = 2", worked_on.pk)
        assert only_break() == f"{worked_on.readable_code}: event 2 is missing before event 3."

    def test_a_gap_that_is_closed_by_renumbering_is_found(self, worked_on):
        tamper("DELETE FROM reports_reportevent WHERE report_id = %s AND number = 2", worked_on.pk)
        tamper("UPDATE reports_reportevent SET number = number - 1 WHERE report_id = %s AND number > 2", worked_on.pk)
        assert "event 2 is not what was written" in verify().breaks[0]

    def test_a_changed_order_is_found_and_named(self, worked_on):
        for old, new in ((2, 9), (3, 2), (9, 3)):
            tamper("UPDATE reports_reportevent SET number = %s WHERE report_id = %s AND number = %s", new, worked_on.pk, old)
        assert f"{worked_on.readable_code}: event 2 was written as event 3; the order was changed." in verify().breaks

    def test_a_cut_off_end_is_found_by_the_root(self, worked_on):
        publish_root()
        tamper("DELETE FROM reports_reportevent WHERE report_id = %s AND number >= 3", worked_on.pk)
        sentence = "{}: the end was cut off; the history ends with event 2, root 1 holds event 4."
        assert only_break() == sentence.format(worked_on.readable_code)

    def test_an_end_that_was_cut_off_and_written_anew_is_found_by_the_root(self, worked_on):
        publish_root()
        tamper("DELETE FROM reports_reportevent WHERE report_id = %s AND number = 4", worked_on.pk)
        ReportEvent.objects.create(report=worked_on, kind="note")  # the trigger chains it as it should be
        assert "event 4 is not the one that root 1 holds; the history was written anew" in only_break()

    def test_a_break_does_not_heal_when_the_next_root_is_published(self, worked_on, pothole, spot_a):
        publish_root()
        tamper("DELETE FROM reports_reportevent WHERE report_id = %s AND number = 4", worked_on.pk)
        file(pothole, spot_a)  # of the same bucket, which is computed anew
        assert publish_root().number == 2
        ReportEvent.objects.create(report=worked_on, kind="note")
        assert publish_root() is None
        assert "event 4 is not the one that root 2 holds" in only_break()

    def test_the_history_of_a_report_that_is_wiped_out_is_missed(self, worked_on, pothole, spot_a):
        file(pothole, spot_a)
        publish_root()
        tamper("DELETE FROM reports_reportevent WHERE report_id = %s", worked_on.pk)
        wipe_out(worked_on)
        assert "holds a history of 4 events, of which nothing is left" in only_break()

    def test_a_history_without_its_report_is_named(self, worked_on):
        wipe_out(worked_on)
        assert set(verify().breaks) == {f"№ {worked_on.pk}: the report is gone, its history is not."}

    def test_an_event_carried_over_to_another_report_is_found_in_both(self, worked_on, pothole, spot_a):
        other = file(pothole, spot_a)
        tamper("UPDATE reports_reportevent SET report_id = %s, number = 2 WHERE report_id = %s AND number = 2", other.pk, worked_on.pk)
        assert [sentence.split(":")[0] for sentence in verify().breaks] == [worked_on.readable_code, other.readable_code]

    def test_a_leaf_exchanged_together_with_its_chain_is_found_in_the_tree(self, worked_on):
        publish_root()
        tamper("DELETE FROM reports_reportevent WHERE report_id = %s AND number = 4", worked_on.pk)
        tamper(
            "UPDATE reports_historynode SET numbers[%s] = 3, children[%s] = (SELECT history_leaf(%s, 3, hash) FROM reports_reportevent"
            " WHERE number = 3 AND report_id = %s) WHERE level = 0",
            *(worked_on.pk % 256 + 1, worked_on.pk % 256 + 1, worked_on.code, worked_on.pk),
        )
        assert "The tree over all histories does not follow" in only_break()

    @pytest.mark.parametrize("change", ["reports = reports + 1", "tree = sha256('')", "at = at - interval '1 day'", "hash = sha256('')"])
    def test_a_changed_root_is_found(self, change, worked_on):
        publish_root()
        tamper(f"UPDATE reports_historyroot SET {change}")
        assert "Root 1 is not the one that was published." in verify().breaks

    def test_a_root_that_is_taken_away_is_missed(self, worked_on):
        publish_root()
        ReportEvent.objects.create(report=worked_on, kind="note")
        publish_root()
        tamper("DELETE FROM reports_historyroot WHERE number = 1")
        assert verify().breaks == ["Root 1 is missing before root 2."]

    def test_the_database_refuses_to_change_roots(self, worked_on):
        publish_root()
        for statement in ("UPDATE reports_historyroot SET reports = 0", "DELETE FROM reports_historyroot"):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(statement)


class TestRoots:
    def test_a_second_root_is_published_only_when_something_has_changed(self, worked_on):
        assert publish_root().number == 1
        assert publish_root() is None
        ReportEvent.objects.create(report=worked_on, kind="note")
        second = publish_root()
        assert second.number == 2
        assert bytes(second.previous) == bytes(HistoryRoot.objects.get(number=1).hash)
        assert verify().breaks == []

    def test_the_hourly_job_publishes(self, worked_on):
        tasks.publish_root.func(0)
        tasks.publish_root.func(0)
        assert HistoryRoot.objects.count() == 1
        assert tasks.publish_root.queueing_lock == "publish_root"

    def test_the_hash_of_a_root_is_that_of_its_line(self, worked_on):
        root = publish_root()
        assert hashlib.sha256(root.line.encode()).hexdigest() == root.hex
        assert json.loads(root.line)[3] == 1

    def test_only_what_has_changed_is_computed_anew(self, worked_on, pothole, spot_a):
        """A report far away in another bucket changes its own bucket and the nodes above."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval(pg_get_serial_sequence('reports_report', 'id'), %s)", [worked_on.pk + 256 * 300])
        far = file(pothole, spot_a)
        publish_root()
        assert sorted(set(HistoryNode.objects.values_list("level", flat=True))) == [0, 1, 2]
        untouched = HistoryNode.objects.get(level=0, place=worked_on.pk // 256)
        tamper("UPDATE reports_historynode SET filled = 77 WHERE id = %s", untouched.pk)  # a mark
        ReportEvent.objects.create(report=far, kind="note")
        assert publish_root().number == 2
        untouched.refresh_from_db()
        assert untouched.filled == 77
        assert verify().breaks == []

    def test_the_tree_is_the_same_whether_it_grew_or_was_made_at_once(self, pothole, body_a, spot_a):
        for _ in range(3):
            report = file(pothole, spot_a)
            with connection.cursor() as cursor:
                cursor.execute("SELECT setval(pg_get_serial_sequence('reports_report', 'id'), %s)", [report.pk + 40_000])
            publish_root()
        grown = list(HistoryNode.objects.order_by("level", "place").values_list("level", "place", "filled", "hash"))
        HistoryNode.objects.all().delete()
        tamper("DELETE FROM reports_historyroot")
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO reports_historychange (bucket) SELECT id / 256 FROM reports_report")
        publish_root()
        assert list(HistoryNode.objects.order_by("level", "place").values_list("level", "place", "filled", "hash")) == grown

    def test_no_root_is_published_while_there_is_no_report(self, db):
        assert publish_root() is None


class TestSets:
    def test_re_routing_in_sets_and_its_undoing_give_unbroken_chains(
        self, draft, commune_c, pothole, body_a, body_b, portal, spot_a, spot_b
    ):
        reports = [file(pothole, spot) for spot in (spot_a, spot_b, spot_a)]
        publish_root()
        activate_and_reroute(edition=draft)
        publish_root()
        undo_activation(activation=draft.activations.get())
        publish_root()
        for report in reports:
            kinds = report.events.order_by("number").values_list("number", "kind")
            assert list(kinds) == [(1, "filed"), (2, "rerouted"), (3, "reroute_undone")]
        found = verify()
        assert (found.events, found.roots, found.breaks) == (9, 3, [])


class TestCommand:
    def test_it_says_that_all_is_whole(self, worked_on, capsys):
        publish_root()
        call_command("verify_history")
        assert "Whole: 4 events of 1 reports, 1 roots." in capsys.readouterr().out

    def test_it_names_each_break_and_ends_with_an_error(self, worked_on, pothole, spot_a, capsys):
        other = file(pothole, spot_a)
        tamper("UPDATE reports_reportevent SET kind = 'filed' WHERE number = 2")
        tamper("UPDATE reports_reportevent SET public = false WHERE report_id = %s", other.pk)
        with pytest.raises(CommandError, match="2 breaks in 5 events of 2 reports"):
            call_command("verify_history", verbosity=0)
        assert f"{worked_on.readable_code}: event 2" in capsys.readouterr().err

    def test_it_verifies_the_reports_that_are_named(self, worked_on, pothole, spot_a, capsys):
        other = file(pothole, spot_a)
        publish_root()
        tamper("DELETE FROM reports_reportevent WHERE number = 4")
        call_command("verify_history", other.readable_code, verbosity=0)
        with pytest.raises(CommandError, match="1 breaks"):
            call_command("verify_history", worked_on.code.lower(), verbosity=0)
        with pytest.raises(CommandError, match="There is no report NONESUCH"):
            call_command("verify_history", "NONESUCH")

    def test_it_compares_with_a_list_that_somebody_kept(self, worked_on, tmp_path):
        kept = tmp_path / "roots.csv"
        root = publish_root()
        kept.write_text(f"number,at,hash\n{root.number},{root.at.isoformat()},{root.hex}\n")
        call_command("verify_history", roots=kept, verbosity=0)
        # Everything is exchanged, and fits together again
        tamper("DELETE FROM reports_historyroot")
        ReportEvent.objects.create(report=worked_on, kind="note")
        publish_root()
        call_command("verify_history", verbosity=0)
        with pytest.raises(CommandError, match="1 breaks"):
            call_command("verify_history", roots=kept, verbosity=0)


@settings(deadline=None, max_examples=40)
@given(st.dictionaries(st.integers(0, 256**2 - 1), st.binary(min_size=32, max_size=32), min_size=1, max_size=12), st.data())
def test_each_leaf_of_a_tree_climbs_to_its_top_and_no_other_does(leaves, data):
    buckets = {place // 256 for place in leaves}
    rows = {bucket: [leaves.get(bucket * 256 + at) for at in range(256)] for bucket in buckets}
    above = [tree.fold(rows[bucket], 0) if bucket in rows else None for bucket in range(256)]
    top = tree.fold(above, 1)
    place = data.draw(st.sampled_from(sorted(leaves)))
    beside = tree.path(rows[place // 256], place % 256, 0) + tree.path(above, place // 256, 1)
    assert tree.climb(leaves[place], place, beside) == top
    assert tree.climb(hashlib.sha256(leaves[place]).digest(), place, beside) != top
    assert tree.climb(leaves[place], place ^ (1 << data.draw(st.integers(0, 15))), beside) != top or len(set(leaves.values())) == 1


def test_an_empty_child_counts_as_a_node_of_empty_children():
    assert tree.empty(1) == tree.fold([None] * 256, 0)
    assert tree.empty(2) == tree.fold([None] * 256, 1)
