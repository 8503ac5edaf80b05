"""Finding places among the names of the whole country: how long it takes beside the bare look-up of one name, and how much of what people write is found.

Beside our search, the parser of vietnamadminunits: it has the same names, and answers with one unit of each period.
"""

from __future__ import annotations

import gzip
import json
import random
import resource
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from boundaries.models import Unit
from boundaries.places import Place, search_places
from boundaries.querysets import fold
from boundaries.tests.country import load_country
from boundaries.tests.spelling import Spelling, ranks, read_spellings, share

DATA = Path(settings.BASE_DIR).parent / "shared" / "data" / "vietnam_communes_2025_60m.geojson.gz"
SLIPS = 400  # names with one letter wrong
BARE = "SELECT unit.id, unit.name FROM boundaries_unit AS unit WHERE unit.active AND unit.plain_name = %s"
OUTLINE = """
UPDATE boundaries_unitshape AS shape SET geometry = ST_Multi(ST_GeomFromGeoJSON(%s)) FROM boundaries_unit AS unit
WHERE unit.id = shape.unit_id AND shape.current AND unit.level = 'commune' AND unit.code = %s AND upper(unit.validity) IS NULL
"""


def run() -> dict[str, Any]:
    """Loads the names and measures, at home (schematic units of one province) and in the country."""
    call_command("load_schematic", verbosity=0)
    spellings, abroad = read_spellings("camau"), read_spellings("country")
    shares = _shares("a province", ranks(spellings, search_places)) | _shares(
        "a province, one letter wrong", ranks(_slips(), search_places)
    )
    _empty()
    old, new = load_country()
    outlines = _real_outlines()
    before = _memory_mb()
    times: list[float] = []
    waits: list[float] = []
    search = _timed(search_places, times, waits)
    shares |= _shares("the country", ranks(spellings, search)) | _shares("the country, texts from elsewhere", ranks(abroad, search))
    shares |= _shares("the country, one letter wrong", ranks(_slips(), search_places))
    hostile: list[float] = []
    for text in (
        "x" * 10_000,
        "tân " * 2_500,
        "p q h x t " * 40,
        "a,b,c,d,e,f,g",
        "thanh",
        "ta",
        "%" * 300,
        "tan tan tan tan, tan, tan tan",
    ):
        _timed(search_places, hostile, [])(text)
    bare = [_bare(spelling.text) for spelling in spellings]
    found = {
        "units before": old,
        "units since": new,
        "real outlines": outlines,
        "spellings": len(spellings) + len(abroad),
        "seconds": {
            "bare SQL, one name by its index": _p(bare, 50),
            "the search, half of all texts": _p(times, 50),
            "the search, 95 of 100": _p(times, 95),
            "the search, the slowest": max(times),
            "of it in the database, half of all texts": _p(waits, 50),
            "strange texts, the slowest": max(hostile),
        },
        "ratios": {"search / bare SQL": _p(times, 50) / _p(bare, 50)},
        "shares": shares | _parser(spellings, "a province") | _parser(abroad, "texts from elsewhere"),
        "memory_mb": {"before": before, "after": _memory_mb()},
    }
    return found


def _empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE boundaries_edition, boundaries_unit CASCADE")


def _real_outlines() -> int:
    """Puts surveyed outlines in place of the squares of the communes since the merger, where there are any: boxes are read from them."""
    if not DATA.exists():
        return 0
    with gzip.open(DATA, "rt", encoding="utf-8") as file:
        features = json.load(file)["features"]
    with connection.cursor() as cursor:
        cursor.executemany(OUTLINE, [(json.dumps(feature["geometry"]), feature["properties"]["code"]) for feature in features])
        cursor.execute("ANALYZE boundaries_unitshape")
    return len(features)


@dataclass(frozen=True)
class Slip:
    """A name with a letter wrong; a unit of that name is meant, of whatever time."""

    text: str
    name: str

    def means(self, place: Place) -> bool:
        """Whether a place bears the name."""
        return place.label == self.name


def _slips() -> list[Slip]:
    """Names of communes here, without marks, each with one letter left out, doubled, changed or out of its place; the same ones each time."""
    chance = random.Random(2025)  # noqa: S311  no secret
    units = Unit.objects.filter(level="commune", code__range=("31813", "32248")).order_by("pk")
    names = sorted({unit.name for unit in units if len(unit.plain_name) > 7})
    return [Slip(_slip(fold(name), chance), name) for name in chance.choices(names, k=SLIPS)]


def _slip(name: str, chance: random.Random) -> str:
    kind, _space, rest = name.partition(" ")
    kind, rest = (f"{kind} {rest.split()[0]}", " ".join(rest.split()[1:])) if kind == "thi" else (kind, rest)
    at = chance.randrange(1, len(rest) - 1)
    how = chance.choice(("left out", "doubled", "changed", "swapped"))
    cut = {
        "left out": rest[:at] + rest[at + 1 :],
        "doubled": rest[:at] + rest[at] + rest[at:],
        "changed": rest[:at] + chance.choice("abcdeghiklmnopqrstuvxy") + rest[at + 1 :],
        "swapped": rest[: at - 1] + rest[at] + rest[at - 1] + rest[at + 1 :],
    }[how]
    return f"{kind} {cut}"


def _timed(search: Callable[[str], list[Place]], times: list[float], waits: list[float]) -> Callable[[str], list[Place]]:
    """The search with its seconds, and those of its statements, written down."""

    def timed(text: str) -> list[Place]:
        waited = [0.0]

        def statement(execute: Any, *asked: Any) -> Any:
            start = time.perf_counter()
            try:
                return execute(*asked)
            finally:
                waited[0] += time.perf_counter() - start

        start = time.perf_counter()
        with connection.execute_wrapper(statement):
            found = search(text)
        times.append(time.perf_counter() - start)
        waits.append(waited[0])
        return found

    return timed


def _bare(text: str) -> float:
    start = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(BARE, [fold(text)])
        cursor.fetchall()
    return time.perf_counter() - start


def _parser(spellings: list[Spelling], where: str) -> dict[str, float]:
    """What the parser finds in either of its periods; and where a helper knows the province and writes it behind."""
    from vietnamadminunits import parse_address

    def answers(text: str) -> Iterable[tuple[str, str, str]]:
        for mode, period in (("FROM_2025", "new"), ("LEGACY", "old")):
            try:
                unit = parse_address(text, mode=mode)
            except Exception:  # noqa: S112  it raises all sorts at what it does not know
                continue
            levels = (("commune", "ward_code"), ("district", "district_code"), ("province", "province_code"))
            known = [(code, level, period) for level, name in levels if (code := getattr(unit, name, None))]
            yield from known[:1]

    def found(spelling: Spelling, *behind: str) -> bool:
        meant = (spelling.code, spelling.level, spelling.period)
        return any(meant in answers(spelling.text + more) for more in ("", *behind))

    result = {f"parser, {where}: in either period": sum(map(found, spellings)) / len(spellings)}
    if where == "a province":
        helped = sum(found(spelling, ", Cà Mau", ", Bạc Liêu") for spelling in spellings) / len(spellings)
        result[f"parser, {where}: and with the right province written behind"] = helped
    return result


def _shares(where: str, found: dict[Any, int]) -> dict[str, float]:
    return {f"search, {where}: first": share(found, 1), f"search, {where}: among three": share(found, 3)}


def _p(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) * percent // 100, len(values) - 1)]


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
