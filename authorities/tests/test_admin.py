"""The administration: everything can be edited that should be, by nobody else, and without inline scripts."""

import re
from datetime import date
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from authorities.models import Body, BodyKind, Category, Membership, ReturnReason, Role, Rule, Territory
from tests.cast import ALWAYS

OWN = {"authorities", "accounts", "boundaries", "reports"}
REGISTERED = [model for model in admin.site._registry if model._meta.app_label in OWN]


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def browser(client_of, admin_user):
    """An administrator who reads English."""
    client = client_of(admin_user)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    return client


@pytest.fixture
def everything(body_a, body_b, portal, inspectorate, department, binh, pothole, officials, health):
    """One of each."""
    ReturnReason.objects.create(code="private", name="Tranh chấp", name_en="A dispute", channel="Tòa án.", channel_en="The court.")


# --- who gets in ------------------------------------------------------------------------------------------------------


def test_only_administrators_get_in(client, client_of, binh, diep, lan, admin_user):
    assert client.get("/admin/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/")
    for user in (binh, diep, lan):
        assert client_of(user).get("/admin/", follow=True).status_code == 403
    assert client_of(admin_user).get("/admin/").status_code == 200


def test_sign_in_goes_by_the_sites_own_page_with_its_limits(client):
    assert client.get("/admin/login/").headers["Location"].startswith("/accounts/login/")


# --- pages ------------------------------------------------------------------------------------------------------------


class Inline(HTMLParser):
    """Collects what a strict content security policy would refuse."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        data = attributes.get("type") == "application/json"
        if (tag == "script" and "src" not in attributes and not data) or tag == "style":
            self.found.append(tag)
        self.found += [name for name in attributes if name.startswith("on") or name == "style"]
        for name in ("src", "href"):
            if (attributes.get(name) or "").startswith(("http:", "https:", "//")):
                self.found.append(attributes[name])


def refused(html):
    parser = Inline()
    parser.feed(html)
    return parser.found


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_list_and_form_opens_without_anything_inline(browser, everything, language):
    browser.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    for model in REGISTERED:
        row = model._default_manager.first()
        pages = [address(model, "changelist")]
        if admin.site._registry[model].has_add_permission(browser.get("/admin/").wsgi_request):
            pages.append(address(model, "add"))
        if row is not None:
            pages.append(address(model, "change", row.pk))
        for page in pages:
            answer = browser.get(page)
            assert answer.status_code == 200, page
            text = answer.content.decode()
            assert refused(text) == [], page
            assert re.findall(r'<input type="number" name="form-(?![^>]*aria-label)[^>]*>', text) == [], (
                page
            )  # fields of a list have no label


def test_everything_that_administrators_must_edit_is_there():
    assert {model.__name__ for model in REGISTERED} >= {
        "Body", "Category", "Rule", "Membership", "ReturnReason", "Edition", "Unit", "User", "Report", "Message",
    }  # fmt: skip


def test_contacts_are_nowhere_in_the_administration():
    assert not {"Contact", "Follow", "Note"} & {model.__name__ for model in REGISTERED}
    assert apps.get_model("reports", "Contact") not in admin.site._registry


@pytest.mark.parametrize("model", [Body, Rule, Membership], ids=lambda model: model.__name__)
def test_a_list_asks_the_database_as_often_for_one_row_as_for_four(
    browser, everything, department, dung, chi, model, django_assert_max_num_queries
):
    page = address(model, "changelist")
    browser.get(page)
    with django_assert_max_num_queries(12) as few:
        browser.get(page)
    for number in range(3):
        body = Body.objects.create(code=f"b{number}", name=f"B {number}", kind=BodyKind.DEPARTMENT, parent=department, validity=ALWAYS)
        Rule.objects.create(body=body, validity=ALWAYS)
        Membership.objects.create(user=dung, body=body, role=Role.OFFICER, validity=ALWAYS)
    with django_assert_max_num_queries(len(few.captured_queries)):
        browser.get(page)


# --- dated rows -------------------------------------------------------------------------------------------------------


def form_of(browser, page):
    """What a browser would send back from a form as it stands."""
    context = browser.get(page).context
    fields = {}
    forms = [context["adminform"].form, *(form for formset in context["inline_admin_formsets"] for form in formset.formset.forms)]
    forms += [formset.formset.management_form for formset in context["inline_admin_formsets"]]
    for form in forms:
        for bound in form:
            value = bound.value()
            if value is not None and value is not False:
                fields[bound.html_name] = value.isoformat() if isinstance(value, date) else value
    return fields


def errors(answer):
    return " ".join(re.findall(r'<ul class="errorlist[^>]*>(.*?)</ul>', answer.content.decode(), re.DOTALL))


def test_a_rule_is_made_with_its_two_days(browser, department, pothole):
    sent = {"category": pothole.pk, "body": department.pk, "priority": 10, "valid_from": "2026-01-01", "valid_to": "", "note": "Thử."}
    assert browser.post(address(Rule, "add"), sent).status_code == 302
    rule = Rule.objects.get(category=pothole)
    assert (rule.validity.lower, rule.validity.upper) == (date(2026, 1, 1), None)


def test_a_rule_shows_its_two_days_and_keeps_them(browser, department, pothole):
    rule = Rule.objects.create(category=pothole, body=department, validity=DateRange(date(2026, 1, 1), date(2027, 1, 1)))
    page = address(Rule, "change", rule.pk)
    fields = form_of(browser, page)
    assert (fields["valid_from"], fields["valid_to"]) == ("2026-01-01", "2027-01-01")
    assert browser.post(page, {**fields, "priority": 7}).status_code == 302
    rule.refresh_from_db()
    assert (rule.priority, rule.validity.upper) == (7, date(2027, 1, 1))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"valid_from": "2027-01-01", "valid_to": "2026-01-01"}, "It must end after it begins."),
        ({"valid_from": "2026-01-01", "valid_to": "2026-01-01"}, "It must end after it begins."),
        ({"valid_from": "yesterday"}, "Enter a valid date."),
        ({"body": ""}, "Give either one body, or a kind of body and its level."),
        ({"body_kind": "police", "level": "commune"}, "Give either one body, or a kind of body and its level."),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_a_sentence(browser, department, pothole, change, said):
    sent = {"category": pothole.pk, "body": department.pk, "priority": 10, "valid_from": "2026-01-01", "valid_to": "", **change}
    answer = browser.post(address(Rule, "add"), sent)
    assert answer.status_code == 200
    assert said in errors(answer)


def test_a_body_gets_territory_and_people_on_its_own_page(browser, body_a, commune_b, chi):
    page = address(Body, "change", body_a.pk)
    fields = form_of(browser, page)
    sent = fields | {
        "territories-TOTAL_FORMS": 2, "territories-1-unit": commune_b.pk, "territories-1-body": body_a.pk, "territories-1-valid_from": "2026-01-01",
        "memberships-TOTAL_FORMS": 1, "memberships-0-user": chi.pk, "memberships-0-role": "officer", "memberships-0-valid_from": "2026-01-01",
        "memberships-0-body": body_a.pk,
    }  # fmt: skip
    answer = browser.post(page, sent)
    assert answer.status_code == 302, errors(answer)
    assert body_a.territories.get(unit=commune_b).validity.lower == date(2026, 1, 1)
    assert chi.memberships.get(body=body_a).validity.lower == date(2026, 1, 1)


def test_a_unit_cannot_be_given_twice_to_a_body_for_the_same_time(browser, body_a, commune_a):
    page = address(Body, "change", body_a.pk)
    sent = form_of(browser, page) | {
        "territories-TOTAL_FORMS": 2, "territories-1-unit": commune_a.pk, "territories-1-body": body_a.pk, "territories-1-valid_from": "2026-01-01",
    }  # fmt: skip
    answer = browser.post(page, sent)
    assert "The body covers this unit in that period already." in errors(answer)
    assert body_a.territories.count() == 1


def test_a_unit_cannot_be_given_twice_to_a_body_in_one_go(browser, department, commune_a):
    page = address(Body, "change", department.pk)
    sent = form_of(browser, page) | {
        "territories-TOTAL_FORMS": 3, "territories-1-unit": commune_a.pk, "territories-1-body": department.pk,
        "territories-2-unit": commune_a.pk, "territories-2-body": department.pk,
    }  # fmt: skip
    answer = browser.post(page, sent)
    assert "The same row stands here twice for the same time." in errors(answer)


def test_a_role_cannot_be_held_twice_at_the_same_time(browser, body_a, binh):
    sent = {"user": binh.pk, "body": body_a.pk, "role": "officer", "valid_from": "2026-01-01", "valid_to": ""}
    answer = browser.post(address(Membership, "add"), sent)
    assert "The person has this role in that period already." in errors(answer)


def test_a_body_cannot_stand_above_itself(browser, province_body, body_a):
    page = address(Body, "change", province_body.pk)
    answer = browser.post(page, form_of(browser, page) | {"parent": body_a.pk})
    assert "This body stands below the one that you edit." in errors(answer)


def test_bodies_stand_at_most_four_deep(browser, body_a):
    above = body_a
    for number in (3, 4):
        above = Body.objects.create(code=f"depth-{number}", name="Trạm", kind=BodyKind.UTILITY, parent=above, validity=ALWAYS)
    sent = {
        "name": "Tổ",
        "code": "depth-5",
        "kind": "utility",
        "approval": "portal",
        "parent": above.pk,
        "valid_from": "2026-01-01",
        "valid_to": "",
    }
    for prefix in ("territories", "memberships", "successions"):
        sent |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    assert "Bodies stand at most four deep." in errors(browser.post(address(Body, "add"), sent))
    assert browser.post(address(Body, "add"), sent | {"parent": above.parent.pk}).status_code == 302


def test_a_category_about_officials_is_never_public_at_once(browser, pothole):
    page = address(Category, "change", pothole.pk)
    answer = browser.post(page, form_of(browser, page) | {"about_officials": "on"})
    assert "Reports about officials are never published at once." in errors(answer)


# --- finding what is wrong --------------------------------------------------------------------------------------------


def listed(browser, model, **query):
    return list(browser.get(address(model, "changelist"), query).context["cl"].result_list)


def test_bodies_without_territory_can_be_listed(browser, body_a, department):
    Territory.objects.filter(body=department).delete()
    assert listed(browser, Body, territory="none") == [department]


def test_rules_that_lead_to_no_body_can_be_listed(browser, body_a, commune_rule, department, pothole):
    useless = Rule.objects.create(category=pothole, body_kind=BodyKind.POLICE, level="commune", validity=ALWAYS)
    assert listed(browser, Rule, leads="nowhere") == [useless]


def test_rules_and_bodies_can_be_listed_by_time(browser, department, pothole):
    rules = {
        name: Rule.objects.create(category=pothole, body=department, validity=validity)
        for name, validity in {
            "today": ALWAYS,
            "before": DateRange(None, date(2025, 7, 1)),
            "later": DateRange(date(2999, 1, 1), None),
        }.items()
    }
    for name, rule in rules.items():
        assert listed(browser, Rule, in_force=name) == [rule]


def test_units_are_found_without_tone_marks(browser, commune_a, commune_b):
    unit = type(commune_a)
    assert listed(browser, unit, q="binh yen") == [commune_b]
    assert listed(browser, unit, q="90001") == [commune_a]


def test_the_unit_of_a_territory_is_named_with_its_period(browser, body_a, commune_a):
    html = browser.get(address(Body, "change", body_a.pk)).content.decode()
    assert "Phường An Lạc, Tỉnh Phú Hải (1 Jan 2020 –)" in html


def test_units_can_be_read_and_not_changed(browser, commune_a):
    unit = type(commune_a)
    assert browser.get(address(unit, "add")).status_code == 403
    assert browser.post(address(unit, "delete", commune_a.pk), {"post": "yes"}).status_code == 403
    browser.post(address(unit, "change", commune_a.pk), {"name": "Khác"})
    commune_a.refresh_from_db()
    assert commune_a.name == "Phường An Lạc"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_day_is_read_as_day_month_year_and_never_as_in_america(browser, department, pothole, language):
    browser.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    sent = {"category": pothole.pk, "body": department.pk, "priority": 10, "valid_from": "1/7/2025", "valid_to": "", "note": ""}
    assert browser.post(address(Rule, "add"), sent).status_code == 302
    assert Rule.objects.get(category=pothole).validity.lower == date(2025, 7, 1)
    assert browser.post(address(Rule, "add"), sent | {"valid_from": "7/13/2025"}).status_code == 200
