"""Who works in the demonstration: the logins, an officer for every body that handles something, and citizens with fictional contacts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.models import User
from authorities.models import Body, BodyKind, Membership, Role
from boundaries.models import Level, Unit
from reports.demo.places import read

LOGINS = ("coordinator", "officer", "officer2", "head", "leader", "planner", "inspector", "team", "admin")
SINCE = date(2022, 7, 1)  # the channel began
HOME, NEIGHBOUR = "32002", "32014"  # Phường An Xuyên, Phường Lý Văn Lâm
NAMES = {
    "coordinator": "Trần Ngọc Điệp",
    "officer": "Nguyễn Hoàng Bình",
    "officer2": "Lê Thị Chi",
    "head": "Phạm Thị Mỹ Hạnh",
    "leader": "Huỳnh Quốc Lân",
    "planner": "Võ Tấn Dũng",
    "inspector": "Đặng Trường Giang",
    "team": "Tổ công nghệ số cộng đồng khóm 3",
    "admin": "Quản trị viên",
}
ROLE_OF = {BodyKind.PORTAL: Role.COORDINATOR, BodyKind.INSPECTORATE: Role.INSPECTOR}


@dataclass(frozen=True)
class Citizen:
    """Who reports: a name, a phone number that no network gives out, and perhaps an address that reaches nobody."""

    name: str
    phone: str
    email: str


class People:
    """The people of one demonstration; whoever is not there yet is made when first needed."""

    def __init__(self, seed: str, today: date) -> None:
        self._seed = seed
        self._today = today
        self._names = read("people")
        self._officers: dict[int, User] = {}

    def name(self, chance: Random) -> str:
        """A full name as they are common there."""
        return f"{chance.choice(self._names['family'])} {chance.choice(self._names['men' if chance.random() < 0.5 else 'women'])}"

    def citizen(self, chance: Random, *, email: bool = False) -> Citizen:
        """Somebody who reports."""
        number = chance.randint(0, 999)
        return Citizen(self.name(chance), f"0900 000 {number:03d}", f"nguoi-dan-{number:03d}@example.com" if email else "")

    # --- those who sign in ----------------------------------------------------------------------------------------------

    @transaction.atomic
    def make_logins(self, password: str) -> dict[str, str]:
        """The accounts of contracts.md with their memberships: what each is, by user name. Accounts that stand keep their password."""
        home, neighbour = self._committee(HOME, 0), self._committee(NEIGHBOUR, 1)
        portal, province = self._one(BodyKind.PORTAL), self._one(BodyKind.PROVINCE_COMMITTEE)
        inspectorate = self._one(BodyKind.INSPECTORATE)
        posts: dict[str, list[tuple[Body | None, Role]]] = {
            "coordinator": [(portal, Role.COORDINATOR)],
            "officer": [(home, Role.OFFICER)],
            "officer2": [(neighbour, Role.OFFICER)],
            "head": [(home, Role.HEAD)],
            "leader": [(province, Role.LEADER)],
            "planner": [(province, Role.PLANNER)],
            "inspector": [(inspectorate, Role.INSPECTOR)],
            "team": [(home, Role.TEAM)],
            "admin": [],
        }
        made = {}
        hashed = make_password(password)  # once: hashing is slow on purpose, and the password is one for all
        for username in LOGINS:
            user = User.objects.filter(username=username).first()
            if user is None:
                user = User(username=username, full_name=NAMES[username], email=f"{username}@camau.example")
                user.is_staff = user.is_superuser = username == "admin"
                user.password = hashed
                user.save()
            for body, role in posts[username]:
                for held in self._through_time(body) if body else ():
                    _appoint(user, held, role)
            made[username] = ", ".join(str(body) for body, _role in posts[username] if body) or "—"
        return made

    def officer_of(self, body: Body) -> User:
        """Somebody who takes steps for a body: one of the logins, else an account of the body's own, which nobody can sign in to."""
        if body.pk not in self._officers:
            role = ROLE_OF.get(BodyKind(body.kind), Role.OFFICER)
            held = Membership.objects.filter(body=body, role=role, user__is_active=True).select_related("user").order_by("user__pk").first()
            self._officers[body.pk] = held.user if held else self._made(body, role)
        return self._officers[body.pk]

    def team(self) -> User | None:
        """The digital team, if it is there."""
        return User.objects.filter(username="team").first()

    def _made(self, body: Body, role: Role) -> User:
        """The body's own account; of two processes that need it at once one makes it, the other waits and finds it."""
        username = f"cb-{body.code}"
        try:
            with transaction.atomic():
                user, _new = User.objects.get_or_create(
                    username=username,
                    defaults={"full_name": self.name(Random(f"{self._seed} {username}")), "password": make_password(None)},  # noqa: S311
                )
                _appoint(user, body, role)
        except IntegrityError:
            user = User.objects.get(username=username)
        return user

    def _committee(self, code: str, otherwise: int) -> Body | None:
        committees = Body.objects.existing(self._today).filter(kind=BodyKind.COMMUNE_COMMITTEE)
        units = list(Unit.objects.in_force(self._today).of_level(Level.COMMUNE).filter(code=code))
        return committees.covering(units, self._today).first() or committees.order_by("code")[otherwise : otherwise + 1].first()

    def _one(self, kind: BodyKind) -> Body | None:
        return Body.objects.existing(self._today).filter(kind=kind).order_by("code").first()

    def _through_time(self, body: Body) -> list[Body]:
        """The body and the one of the same kind that it took over from, where that is one of its own name (the offices of the old province)."""
        former = Body.objects.filter(successions__new=body, kind=body.kind, name=body.name).order_by("code")
        return [body, *former]


def _appoint(user: User, body: Body, role: Role) -> None:
    """A membership as long as the body exists, since the channel began."""
    period = body.validity
    lower = max(period.lower or SINCE, SINCE) if period.upper is None or period.upper > SINCE else period.upper - timedelta(days=1)
    if not Membership.objects.filter(user=user, body=body, role=role).exists():
        Membership.objects.create(user=user, body=body, role=role, validity=DateRange(lower, period.upper))
