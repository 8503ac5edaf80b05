"""The cast: one province with two neighbouring communes, their bodies, and people with fixed roles, so that a test of access is one line.

Phường An Lạc (A) is the square west of 105.1 °E, Xã Bình Yên (B) its neighbour to the east; both lie in Tỉnh Phú Hải (P).
Everything is in force from 2020 on, so that a test may file in the past.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from django.contrib.gis.geos import Point
from django.test import Client

from accounts.models import User
from authorities.models import Body, BodyKind, Category, Criterion, Membership, Publication, Role, Rule, Territory
from boundaries.models import Edition, Level, Unit
from boundaries.tests.factories import SIZE, SOUTH, WEST, EditionFactory, ProvinceFactory, UnitFactory, square

SINCE = date(2020, 1, 1)
ALWAYS = (SINCE, None)
CAST: dict[str, Callable[..., object]] = {}  # who makes each of them; tests/lasting_cast.py makes them for a whole module


def member(maker: Callable[..., object]) -> Any:
    """A fixture of the cast."""
    CAST[maker.__name__] = maker
    return pytest.fixture(maker)


@dataclass(frozen=True)
class Citizen:
    """Somebody who reports and has no account. What stands here must never show in anything public."""

    name: str
    phone: str
    email: str


# --- territory --------------------------------------------------------------------------------------------------------


@member
def edition(db: None) -> Edition:
    """The act that brought the units of the cast."""
    return EditionFactory(name="Tỉnh Phú Hải", decree="1/NQ-UBTVQH", valid_from=SINCE)


@member
def province(edition: Edition) -> Unit:
    """P, which holds A and B."""
    box = square(WEST, SOUTH, 2 * SIZE, SIZE)
    return ProvinceFactory(code="90", name="Tỉnh Phú Hải", edition=edition, valid_from=SINCE, geometry=box)


@member
def commune_a(province: Unit) -> Unit:
    """A, west of the border; it has the lower code."""
    return UnitFactory(code="90001", name="Phường An Lạc", edition=province.edition, valid_from=SINCE, parent=province)


@member
def commune_b(province: Unit) -> Unit:
    """B, east of the border."""
    return UnitFactory(code="90002", name="Xã Bình Yên", edition=province.edition, valid_from=SINCE, parent=province, west=WEST + SIZE)


@member
def spot_a() -> Point:
    """Well inside A."""
    return Point(105.05, 9.05, srid=4326)


@member
def spot_b() -> Point:
    """Well inside B."""
    return Point(105.15, 9.05, srid=4326)


@member
def spot_on_border() -> Point:
    """On the line that A and B share."""
    return Point(WEST + SIZE, 9.05, srid=4326)


@member
def spot_outside() -> Point:
    """At sea, far from every unit."""
    return Point(104.6, 8.5, srid=4326)


# --- bodies -----------------------------------------------------------------------------------------------------------


def make_body(code: str, name: str, kind: str, unit: Unit, parent: Body | None = None) -> Body:
    """A body that covers a unit."""
    body = Body.objects.create(code=code, name=name, kind=kind, parent=parent, validity=ALWAYS)
    Territory.objects.create(body=body, unit=unit, validity=ALWAYS)
    return body


@member
def province_body(province: Unit) -> Body:
    """The People's Committee of P: everything else stands below it."""
    return make_body("ubnd-tinh-phu-hai", "UBND tỉnh Phú Hải", BodyKind.PROVINCE_COMMITTEE, province)


@member
def commune_rule(db: None) -> Rule:
    """What no other rule takes goes to the commune's People's Committee."""
    return Rule.objects.create(body_kind=BodyKind.COMMUNE_COMMITTEE, level=Level.COMMUNE, priority=900, validity=ALWAYS)


@member
def body_a(commune_a: Unit, province_body: Body, commune_rule: Rule) -> Body:
    """The People's Committee of A."""
    return make_body("ubnd-an-lac", "UBND phường An Lạc", BodyKind.COMMUNE_COMMITTEE, commune_a, province_body)


@member
def body_b(commune_b: Unit, province_body: Body, commune_rule: Rule) -> Body:
    """The People's Committee of B, the neighbour."""
    return make_body("ubnd-binh-yen", "UBND xã Bình Yên", BodyKind.COMMUNE_COMMITTEE, commune_b, province_body)


@member
def portal(province: Unit, province_body: Body) -> Body:
    """The Portal, whose coordinators take what nobody else does."""
    return make_body("cong-phu-hai", "Cổng Thông tin điện tử tỉnh Phú Hải", BodyKind.PORTAL, province, province_body)


@member
def inspectorate(province: Unit, province_body: Body) -> Body:
    """The inspectorate, which gets reports about officials."""
    return make_body("thanh-tra-phu-hai", "Thanh tra tỉnh Phú Hải", BodyKind.INSPECTORATE, province, province_body)


@member
def department(province: Unit, province_body: Body) -> Body:
    """A provincial department; the category `health` goes to it."""
    return make_body("so-y-te-phu-hai", "Sở Y tế tỉnh Phú Hải", BodyKind.DEPARTMENT, province, province_body)


# --- categories -------------------------------------------------------------------------------------------------------


@member
def pothole(db: None) -> Category:
    """Public at once."""
    return Category.objects.create(
        code="pothole", name="Ổ gà, hư hỏng mặt đường", name_en="Potholes and damaged roads",
        group="Hạ tầng đô thị", group_en="Urban infrastructure", icon="pothole", position=10,
    )  # fmt: skip


@member
def law(db: None) -> Category:
    """Public only after a look."""
    return Category.objects.create(
        code="law", name="Vi phạm pháp luật", name_en="Violations of law", icon="law", position=20, publication=Publication.AFTER_A_LOOK
    )


@member
def officials(db: None) -> Category:
    """About officials: to the inspectorate, never public, may be anonymous."""
    return Category.objects.create(
        code="officials", name="Cán bộ, công chức", name_en="Conduct of officials", icon="officials", position=30,
        publication=Publication.NEVER, about_officials=True, anonymous_allowed=True,
    )  # fmt: skip


@member
def health(department: Body) -> Category:
    """Goes to the department."""
    category = Category.objects.create(code="health", name="Y tế, sức khỏe", name_en="Health", icon="health", position=40)
    Rule.objects.create(category=category, body=department, validity=ALWAYS)
    return category


@member
def procedures(db: None) -> Category:
    """Out of scope: shown with its guidance, cannot be sent."""
    return Category.objects.create(
        code="procedures", name="Thủ tục hành chính", name_en="Administrative procedures", icon="procedures", position=90, in_scope=False,
        guidance="Mời bạn hỏi tại Trung tâm Phục vụ hành chính công.", guidance_en="Please ask at the public service centre.",
    )  # fmt: skip


@member
def criteria(db: None) -> list[Criterion]:
    """What answers are rated on."""
    return [
        Criterion.objects.create(
            code=code, name=name, name_en=name_en, question=f"{name}?", question_en=f"{name_en}?", position=position, validity=ALWAYS
        )
        for position, (code, name, name_en) in enumerate(
            [("timeliness", "Kịp thời", "Timeliness"), ("attitude", "Thái độ", "Attitude"), ("result", "Kết quả", "Result")]
        )
    ]


# --- people -----------------------------------------------------------------------------------------------------------


def make_person(username: str, full_name: str, body: Body, role: Role) -> User:
    """Somebody with one role in one body."""
    user = User.objects.create_user(username=username, email=f"{username}@phuhai.example", full_name=full_name)
    Membership.objects.create(user=user, body=body, role=role, validity=ALWAYS)
    return user


@member
def an() -> Citizen:
    """Nguyễn Văn An, a citizen without an account."""
    return Citizen(name="Nguyễn Văn An", phone="0912345678", email="an.nguyen@hopthu.example")


@member
def binh(body_a: Body) -> User:
    """Bình, officer of A."""
    return make_person("binh", "Trần Văn Bình", body_a, Role.OFFICER)


@member
def chi(body_b: Body) -> User:
    """Chi, officer of B: the neighbour."""
    return make_person("chi", "Lê Thị Chi", body_b, Role.OFFICER)


@member
def hanh(body_a: Body) -> User:
    """Hạnh, head of A."""
    return make_person("hanh", "Phạm Thị Hạnh", body_a, Role.HEAD)


@member
def diep(portal: Body) -> User:
    """Điệp, coordinator at the Portal."""
    return make_person("diep", "Võ Ngọc Điệp", portal, Role.COORDINATOR)


@member
def dung(province_body: Body) -> User:
    """Dũng, planner."""
    return make_person("dung", "Huỳnh Tấn Dũng", province_body, Role.PLANNER)


@member
def giang(inspectorate: Body) -> User:
    """Giang, inspector."""
    return make_person("giang", "Đặng Hoàng Giang", inspectorate, Role.INSPECTOR)


@member
def lan(province_body: Body) -> User:
    """Lan, leader of P."""
    return make_person("lan", "Bùi Thị Lan", province_body, Role.LEADER)


@member
def to(body_a: Body) -> User:
    """Tổ, the community digital team of A, which files for people without a smartphone."""
    return make_person("to", "Tổ công nghệ số khóm 3", body_a, Role.TEAM)


@member
def admin_user(db: None) -> User:
    """The administrator."""
    return User.objects.create_superuser(username="admin", email="admin@phuhai.example", password=None, full_name="Quản trị viên")


@member
def client_of() -> Callable[[User], Client]:
    """A browser in which somebody has signed in."""

    def signed_in(user: User) -> Client:
        client = Client()
        client.force_login(user)
        return client

    return signed_in
