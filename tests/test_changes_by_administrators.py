"""Whatever is changed of rules, bodies, territories, people and categories stands in a record that nobody can change."""

import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import translation

from accounts.models import User
from audit.acting import acting
from audit.chain import breaks
from audit.models import Change
from authorities.models import Body, Category, Membership, Role, Rule, Territory
from reports.history.models import HistoryRoot
from reports.history.roots import publish_root
from reports.history.verify import verify
from reports.territory import activate_and_reroute, undo_activation
from reports.tests.desk_cases import file

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client_of, admin_user, settings):
    """An administrator who reads English."""
    client = client_of(admin_user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    with translation.override("en"):
        yield client


def last_of(row):
    return Change.objects.filter(subject=row._meta.db_table, subject_id=row.pk).order_by("number").last()


def tamper(sql):
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE audit_change DISABLE TRIGGER USER")
        cursor.execute(sql)
        assert cursor.rowcount
        cursor.execute("ALTER TABLE audit_change ENABLE TRIGGER USER")


class TestWhatIsRecorded:
    def test_a_row_that_is_made_changed_and_deleted_leaves_three_changes(self, pothole):
        rule = Rule.objects.create(category=pothole, body_kind="department", level="province", validity=(date(2020, 1, 1), None), note="a")
        key = rule.pk
        Rule.objects.filter(pk=key).update(priority=7, note="b")
        rule.delete()
        made, changed, deleted = Change.objects.filter(subject="authorities_rule", subject_id=key).order_by("number")
        assert (made.action, made.before, made.after["note"]) == ("insert", None, "a")
        assert (changed.action, changed.before["priority"], changed.after) == ("update", 100, {"priority": 7, "note": "b"})
        assert (deleted.action, deleted.before["note"], deleted.after) == ("delete", "b", None)
        assert breaks() == []

    def test_a_save_that_changes_nothing_is_no_change(self, pothole):
        count = Change.objects.count()
        pothole.save()
        assert Change.objects.count() == count

    def test_every_table_that_says_who_may_do_what_is_recorded(self, body_a, binh, pothole, commune_rule):
        recorded = set(Change.objects.values_list("subject", flat=True))
        rows = (body_a, body_a.territories.first(), binh, binh.memberships.first(), pothole, commune_rule)
        assert {row._meta.db_table for row in rows} <= recorded
        with connection.cursor() as cursor:
            cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'changes_are_recorded'")
            guarded = {table for (table,) in cursor.fetchall()}
        of_authorities = {table for table in connection.introspection.table_names() if table.startswith("authorities_")}
        of_authorities.remove("authorities_settingchange")  # marks that triggers add: says nothing of anybody
        assert guarded == of_authorities | {"accounts_user", "accounts_user_groups", "accounts_user_user_permissions"}

    def test_of_a_password_and_an_address_only_the_change_is_recorded(self, binh):
        User.objects.filter(pk=binh.pk).update(email="binh@example.org")
        binh.refresh_from_db()
        binh.set_password("rất bí mật 4711")
        binh.save()
        assert last_of(binh).after == {"password": "•"}
        User.objects.filter(pk=binh.pk).update(email="khac@example.org")
        assert (last_of(binh).before["email"], last_of(binh).after) == ("•", {"email": "•"})
        everything = json.dumps(list(Change.objects.values_list("before", "after")), ensure_ascii=False)
        for secret in ("example.org", binh.password, "bí mật"):
            assert secret not in everything

    def test_signing_in_is_no_change(self, client_of, binh):
        count = Change.objects.count()
        client_of(binh)
        binh.refresh_from_db()
        assert binh.last_login is not None
        assert Change.objects.count() == count

    def test_groups_and_permissions_of_a_person_are_recorded_at_the_person(self, binh):
        from django.contrib.auth.models import Group

        binh.groups.add(Group.objects.create(name="somebody"))
        change = Change.objects.get(subject="accounts_user_groups")
        assert (change.subject_id, change.action) == (binh.pk, "insert")


class TestInWhoseName:
    def test_a_change_in_the_administration_is_the_administrators(self, browser, admin_user, pothole):
        form = browser.get(reverse("admin:authorities_category_change", args=[pothole.pk])).context["adminform"].form
        values = {name: value for name, value in form.initial.items() if value is not None and value is not False}
        response = browser.post(reverse("admin:authorities_category_change", args=[pothole.pk]), values | {"days_to_answer": 3})
        assert response.status_code == 302
        change = last_of(pothole)
        assert (change.actor_id, change.cause, change.after) == (admin_user.pk, "admin", {"days_to_answer": 3})

    def test_the_name_ends_with_the_transaction(self, admin_user, pothole):
        with acting(actor_id=admin_user.pk, cause="admin"):
            Category.objects.update(position=5)
            with acting(actor_id=None, cause="load_authorities"):
                Category.objects.update(position=6)
            assert last_of(pothole).cause == "load_authorities"
            Category.objects.update(position=7)
        assert (last_of(pothole).actor_id, last_of(pothole).cause) == (admin_user.pk, "admin")
        Category.objects.update(position=8)
        assert (last_of(pothole).actor_id, last_of(pothole).cause) == (None, "")

    def test_what_an_activation_does_to_bodies_is_in_the_name_of_who_asked(
        self, draft, commune_c, pothole, body_a, body_b, portal, spot_a, admin_user
    ):
        file(pothole, spot_a)
        activate_and_reroute(edition=draft, actor=admin_user)
        assert (last_of(body_a).actor_id, last_of(body_a).cause) == (admin_user.pk, f"activation: {draft.name}")
        assert "validity" in last_of(body_a).after
        undo_activation(activation=draft.activations.get(), actor=admin_user)
        assert last_of(body_a).cause == f"activation undone: {draft.name}"
        assert breaks() == []

    def test_a_command_says_its_name(self, db):
        call_command("load_authorities", verbosity=0)
        assert set(Change.objects.filter(subject="authorities_category").values_list("cause", flat=True)) == {"load_authorities"}


class TestReading:
    def test_the_page_of_a_body_leads_to_its_changes_and_those_of_its_people_and_territory(self, browser, body_a, body_b, binh, chi):
        Membership.objects.filter(user=binh).update(role=Role.HEAD)
        Territory.objects.filter(body=body_b).delete()
        response = browser.get(reverse("admin:authorities_body_history", args=[body_a.pk]), follow=True)
        found = list(response.context["cl"].result_list)
        assert {change.subject for change in found} == {"authorities_body", "authorities_territory", "authorities_membership"}
        assert not [change for change in found if change.subject == "authorities_body" and change.subject_id == body_b.pk]
        assert "changed" in response.content.decode()

    def test_a_change_shows_what_it_was_and_what_it_became_in_words(self, browser, admin_user, body_a, province_body, portal):
        with acting(actor_id=admin_user.pk, cause="admin"):
            Body.objects.filter(pk=body_a.pk).update(parent=portal, hotline="0290 1022")
        text = browser.get(reverse("admin:audit_change_change", args=[last_of(body_a).pk])).content.decode()
        assert f"superior body: {province_body} → {portal}" in text
        assert "hotline: – → 0290 1022" in text
        assert admin_user.full_name in text

    def test_nobody_can_add_change_or_delete_a_change(self, browser, pothole):
        key = last_of(pothole).pk
        for page, args in (("add", []), ("delete", [key])):
            assert browser.get(reverse(f"admin:audit_change_{page}", args=args)).status_code == 403
        assert browser.post(reverse("admin:audit_change_change", args=[key]), {"cause": "x"}).status_code == 403

    @pytest.mark.parametrize("about", ["nonsense", "authorities.body:", "no.model:1", "authorities.body:9999999999999999999"])
    def test_a_mistyped_question_is_no_error(self, about, browser, pothole):
        assert browser.get(reverse("admin:audit_change_changelist"), {"about": about}, follow=True).status_code == 200


class TestTampering:
    @pytest.mark.parametrize("statement", ["UPDATE audit_change SET cause = 'x'", "DELETE FROM audit_change"])
    def test_the_database_refuses_to_change_the_record(self, statement, pothole):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    @pytest.mark.parametrize(
        "change",
        [
            "actor_id = 1",
            "cause = 'x'",
            "action = 'delete'",
            "at = at - interval '1 h'",
            "before = '{}'",
            "after = '{}'",
            "hash = sha256('')",
        ],
    )
    def test_whatever_is_changed_of_the_record_is_found(self, change, pothole):
        Category.objects.update(position=5)
        tamper(f"UPDATE audit_change SET {change} WHERE subject = 'authorities_category' AND number = 2")
        with translation.override("en"):
            assert breaks() == [f"authorities_category № {pothole.pk}: change 2 is not what was written."]

    def test_a_change_taken_out_is_missed_and_a_cut_off_end_shows_by_the_root(self, pothole, body_a, spot_a):
        file(pothole, spot_a)
        for position in (5, 6):
            Category.objects.update(position=position)
        publish_root()
        assert verify().breaks == []
        with translation.override("en"):
            tamper("DELETE FROM audit_change WHERE subject = 'authorities_category' AND number = 2")
            assert f"authorities_category № {pothole.pk}: change 2 is missing before change 3." in verify().breaks
            tamper("DELETE FROM audit_change WHERE subject = 'authorities_category' AND number = 3")
            assert verify().breaks == [f"authorities_category № {pothole.pk}: change 3, which a published root holds, is gone or another."]
            Category.objects.update(position=9)
            publish_root()
            assert len(verify().breaks) == 1
            with pytest.raises(CommandError):
                call_command("verify_history", verbosity=0)

    def test_a_head_exchanged_with_its_chain_is_found_by_the_root(self, pothole, body_a, spot_a):
        file(pothole, spot_a)
        publish_root()
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM audit_head WHERE subject = 'authorities_category'")
        with translation.override("en"):
            assert verify().breaks == ["The newest root is not that of the changes by administrators."]

    def test_a_change_by_an_administrator_makes_a_new_root(self, pothole, body_a, spot_a):
        file(pothole, spot_a)
        publish_root()
        assert publish_root() is None
        Category.objects.update(position=5)
        assert publish_root().number == 2
        assert len({bytes(root.tree) for root in HistoryRoot.objects.all()}) == 1
