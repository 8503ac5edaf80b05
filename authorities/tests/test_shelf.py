"""What is kept of the settings: used while nothing has changed, and never after."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from authorities.deadline_models import DayChange, DeadlineRule
from authorities.models import Body, Category, Rule, SettingChange, Territory
from authorities.shelf import put_together, shelf
from boundaries.models import Edition, Unit

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("body_a", "pothole")
class TestVersion:
    def test_while_nothing_changes_things_are_made_once(self):
        made = []
        for _time in range(3):
            shelf().get("thing", lambda: made.append(1))
        assert made == [1]

    @pytest.mark.parametrize("model", [Body, Category, DayChange, DeadlineRule, Edition, Rule, Territory, Unit])
    def test_whatever_is_changed_there_is_another_shelf(self, model):
        before = shelf()
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {model._meta.db_table} WHERE false")
        assert shelf() is not before

    def test_what_is_rolled_back_has_never_been(self, pothole):
        before = shelf().category(pothole.code)
        with transaction.atomic():
            Category.objects.filter(pk=pothole.pk).update(name="Hố sâu")
            assert shelf().category(pothole.code).name == "Hố sâu"
            transaction.set_rollback(True)
        assert shelf().category(pothole.code).name == before.name

    def test_marks_put_together_are_another_version_of_the_same(self, pothole):
        Category.objects.filter(pk=pothole.pk).update(name="Hố sâu")
        assert put_together() > 1
        assert SettingChange.objects.count() == 1
        assert shelf().category(pothole.code).name == "Hố sâu"

    def test_a_table_that_was_emptied_without_a_word_is_asked_each_time(self):
        SettingChange.objects.all().delete()
        assert shelf() is not shelf()


@pytest.mark.django_db(transaction=True)
def test_of_two_writers_the_one_that_commits_last_is_seen_though_it_began_first(pothole):
    """A number that is counted up would not tell: the second's is the higher one."""
    late = connection.copy()
    try:
        late.set_autocommit(False)
        with late.cursor() as cursor:
            cursor.execute("UPDATE authorities_category SET name = 'muộn' WHERE id = %s", [pothole.pk])
        Rule.objects.update(note="sớm")
        assert shelf().category(pothole.code).name == pothole.name
        late.commit()
        assert shelf().category(pothole.code).name == "muộn"
    finally:
        late.close()
