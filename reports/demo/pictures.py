"""Photos that are drawn: a road, a bank, a lamp at night, before and after the work; abstract, and of nobody."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from reports.media import PreparedPhoto, prepare_photo

SIZE = (640, 480)
VARIANTS = 3  # pictures of a scene; prepared once, kept with many reports
Colour = tuple[int, int, int]
Draw = ImageDraw.ImageDraw

SKIES: tuple[tuple[Colour, Colour], ...] = (
    ((126, 174, 214), (222, 232, 236)),
    ((148, 166, 178), (214, 216, 214)),
    ((104, 158, 208), (236, 226, 204)),
    ((170, 160, 158), (232, 206, 180)),
)
LEAVES: tuple[Colour, ...] = ((84, 128, 72), (104, 142, 78), (66, 110, 74), (122, 148, 92))
WALLS: tuple[Colour, ...] = ((206, 196, 178), (186, 200, 196), (214, 186, 160), (196, 188, 200), (222, 214, 196))
ROOFS: tuple[Colour, ...] = ((142, 84, 66), (108, 112, 118), (150, 118, 84), (92, 116, 130))
WATER: tuple[Colour, ...] = ((134, 126, 96), (116, 124, 108), (120, 134, 128))


class Pictures:
    """Prepared photos by scene, variant and whether the work is done; each is drawn when first asked for."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._known: dict[tuple[str, int, bool], PreparedPhoto] = {}

    def photo(self, scene: str, variant: int, *, done: bool = False) -> PreparedPhoto:
        """A photo that went through the same checks as any upload."""
        key = scene, variant % VARIANTS, done
        if key not in self._known:
            self._known[key] = prepare_photo(draw(scene, Random(f"{self._seed} {scene} {key[1]}"), done=done))  # noqa: S311  no secret
        return self._known[key]


def draw(scene: str, rng: Random, *, done: bool) -> bytes:
    """A JPEG of a scene; with the same chance the same place, before or after the work."""
    image = Image.new("RGB", SIZE)
    SCENES[scene](image, rng, done)
    image = image.filter(ImageFilter.BoxBlur(1))
    half = SIZE[0] // 2, SIZE[1] // 2
    grain = Image.frombytes("L", half, rng.randbytes(half[0] * half[1])).resize(SIZE)
    image = Image.blend(image, Image.merge("RGB", (grain, grain, grain)), 0.05)
    written = io.BytesIO()
    image.save(written, "JPEG", quality=88)
    return written.getvalue()


# --- what scenes are made of --------------------------------------------------------------------------------------------


def _shade(colour: Colour, amount: float) -> Colour:
    red, green, blue = (max(0, min(255, round(value * amount))) for value in colour)
    return red, green, blue


def _gradient(image: Image.Image, top: Colour, bottom: Colour, box: tuple[int, int, int, int]) -> None:
    left, upper, right, lower = box
    band = Image.new("RGB", (1, 2))
    band.putdata([top, bottom])
    image.paste(band.resize((right - left, lower - upper), Image.Resampling.BILINEAR), (left, upper))


def _sky(image: Image.Image, rng: Random, horizon: int) -> None:
    top, bottom = rng.choice(SKIES)
    _gradient(image, top, bottom, (0, 0, SIZE[0], horizon + 8))


def _houses(drawing: Draw, rng: Random, base: int, left: int, right: int, height: int) -> None:
    x = left
    while x < right:
        width, tall = rng.randint(46, 96), rng.randint(height // 2, height)
        wall, roof = rng.choice(WALLS), rng.choice(ROOFS)
        drawing.rectangle((x, base - tall, x + width, base), fill=wall)
        drawing.polygon(
            ((x - 6, base - tall), (x + width + 6, base - tall), (x + width - 8, base - tall - 18), (x + 8, base - tall - 18)), fill=roof
        )
        for place in (0.18, 0.6):
            door = x + int(width * place)
            drawing.rectangle((door, base - int(tall * 0.55), door + width // 5, base - int(tall * 0.1)), fill=_shade(wall, 0.66))
        x += width + rng.randint(4, 26)


def _palm(drawing: Draw, rng: Random, x: int, base: int, tall: int, lean: float = 0.0) -> None:
    top = (x + int(tall * lean), base - tall)
    drawing.line((x, base, *top), fill=(110, 92, 70), width=max(4, tall // 24))
    for _leaf in range(9):
        angle = rng.uniform(math.pi * 0.9, math.pi * 2.1)
        reach = tall * rng.uniform(0.28, 0.42)
        tip = (top[0] + math.cos(angle) * reach, top[1] + math.sin(angle) * reach * 0.6 + tall * 0.1)
        drawing.line((*top, *tip), fill=rng.choice(LEAVES), width=max(3, tall // 30))


def _bushes(drawing: Draw, rng: Random, base: int, left: int, right: int, size: int) -> None:
    for x in range(left, right, max(size // 2, 8)):
        tall = rng.randint(size // 2, size)
        drawing.ellipse((x - tall, base - tall, x + tall, base + tall // 2), fill=_shade(rng.choice(LEAVES), rng.uniform(0.85, 1.1)))


def _street(image: Image.Image, rng: Random, *, surface: Colour = (128, 128, 126)) -> tuple[Draw, int]:
    """A street that runs away from us between houses; gives the drawing and the horizon."""
    horizon = rng.randint(190, 230)
    _sky(image, rng, horizon)
    drawing = ImageDraw.Draw(image)
    _houses(drawing, rng, horizon + 6, -30, 250, rng.randint(80, 120))
    _houses(drawing, rng, horizon + 6, 400, 680, rng.randint(70, 130))
    _bushes(drawing, rng, horizon + 10, 250, 400, 22)
    drawing.rectangle((0, horizon, *SIZE), fill=_shade(rng.choice(LEAVES), 1.1))
    drawing.polygon(((286, horizon), (354, horizon), (640, 480), (0, 480)), fill=surface)
    for step in range(6):
        near, far = (step / 6) ** 2, ((step + 0.45) / 6) ** 2
        top, bottom = horizon + near * (480 - horizon), horizon + far * (480 - horizon)
        drawing.polygon(((319, top), (321, top), (323 + step, bottom), (317 - step, bottom)), fill=(214, 210, 196))
    return drawing, horizon


def _blotch(drawing: Draw, rng: Random, x: float, y: float, width: float, fill: Colour, flat: float = 0.36) -> None:
    corners = []
    for step in range(14):
        angle = step / 14 * 2 * math.pi
        reach = width * rng.uniform(0.38, 0.56)
        corners.append((x + math.cos(angle) * reach, y + math.sin(angle) * reach * flat))
    drawing.polygon(corners, fill=fill)


# --- scenes -------------------------------------------------------------------------------------------------------------


def _road(image: Image.Image, rng: Random, done: bool) -> None:
    drawing, horizon = _street(image, rng)
    for _hole in range(rng.randint(3, 6)):
        y = rng.uniform(horizon + 60, 450)
        depth = (y - horizon) / (480 - horizon)
        x = 320 + rng.uniform(-0.7, 0.7) * depth * 300
        width = 30 + depth * rng.uniform(70, 150)
        shape = Random(rng.random())  # noqa: S311  so that the patch has the form of the hole
        if done:
            _blotch(drawing, shape, x, y, width * 1.25, (84, 84, 86), 0.34)
            continue
        _blotch(drawing, shape, x, y, width * 1.2, (164, 152, 132))
        _blotch(drawing, shape, x, y + width * 0.03, width, (92, 84, 74))
        if rng.random() < 0.7:
            _blotch(drawing, shape, x, y + width * 0.06, width * 0.7, (150, 150, 140), 0.3)


def _bank(image: Image.Image, rng: Random, done: bool) -> None:
    horizon = rng.randint(150, 190)
    _sky(image, rng, horizon)
    drawing = ImageDraw.Draw(image)
    _bushes(drawing, rng, horizon + 8, -20, 660, 34)
    for _tree in range(rng.randint(2, 4)):
        _palm(drawing, rng, rng.randint(20, 620), horizon + 12, rng.randint(80, 130), rng.uniform(-0.25, 0.25))
    water = rng.choice(WATER)
    _gradient(image, _shade(water, 1.25), _shade(water, 0.8), (0, horizon, 640, 480))
    for _ripple in range(60):
        y = rng.randint(horizon + 6, 470)
        x, reach = rng.randint(-30, 640), rng.randint(14, 90)
        drawing.line((x, y, x + reach, y), fill=_shade(water, rng.uniform(1.05, 1.4)), width=2)
    edge = rng.randint(330, 420)
    drawing.polygon(((edge, 480), (edge - 70, horizon + 30), (660, horizon + 30), (660, 480)), fill=(150, 134, 104))
    for slab in range(7):
        top = horizon + 30 + slab * 44
        sunk = 0 if done or slab not in (3, 4) else rng.randint(26, 48)
        x = edge - 70 + slab * 10 - sunk * 4 // 5
        turn = 0 if done else sunk * 0.5
        corners = ((x, top + sunk), (x + 96, top + sunk * 0.3), (x + 106, top + 42 + turn), (x + 8, top + 42 + sunk))
        drawing.polygon(corners, fill=_shade((176, 174, 168), rng.uniform(0.92, 1.06)), outline=(130, 128, 122))
    if not done:
        _blotch(drawing, rng, edge + 90, horizon + 190, 190, (112, 92, 68), 0.6)
        drawing.line((edge + 150, horizon + 70, edge + 120, horizon + 250), fill=(74, 60, 46), width=5)
    else:
        for stake in range(9):
            foot = edge - 84 + stake * 12, horizon + 60 + stake * 46
            drawing.line((*foot, foot[0], foot[1] - 34), fill=(118, 96, 66), width=7)


def _tree(image: Image.Image, rng: Random, done: bool) -> None:
    drawing, _horizon = _street(image, rng)
    x = rng.randint(120, 200)
    if done:
        drawing.ellipse((x - 24, 410, x + 24, 428), fill=(178, 150, 108), outline=(112, 90, 62))
        _palm(drawing, rng, x + 380, 420, 150)
        return
    tip = (rng.randint(430, 520), rng.randint(250, 300))
    drawing.line((x, 440, *tip), fill=(96, 78, 58), width=26)
    for _branch in range(70):
        along = rng.uniform(0.45, 1.1)
        at = (x + (tip[0] - x) * along, 440 + (tip[1] - 440) * along)
        size = rng.randint(14, 44)
        cx, cy = at[0] + rng.randint(-70, 70), at[1] + rng.randint(-70, 60)
        drawing.ellipse((cx - size, cy - size // 2, cx + size, cy + size // 2), fill=_shade(rng.choice(LEAVES), rng.uniform(0.75, 1.05)))


def _lamp(image: Image.Image, rng: Random, done: bool) -> None:
    horizon = 250
    _gradient(image, (22, 28, 48), (52, 56, 78), (0, 0, 640, horizon))
    drawing = ImageDraw.Draw(image)
    for x in range(-20, 660, 74):
        tall = rng.randint(40, 110)
        drawing.rectangle((x, horizon - tall, x + 66, horizon), fill=(38, 40, 52))
        if rng.random() < 0.5:
            drawing.rectangle((x + 22, horizon - tall // 2, x + 38, horizon - tall // 2 + 14), fill=(212, 176, 104))
    drawing.rectangle((0, horizon, 640, 480), fill=(30, 34, 36))
    drawing.polygon(((290, horizon), (350, horizon), (640, 480), (0, 480)), fill=(50, 51, 56))
    glow = Image.new("RGB", SIZE)
    light = ImageDraw.Draw(glow)
    for number, (x, tall) in enumerate(((70, 300), (190, 200), (262, 130), (420, 160), (520, 260))):
        base = horizon + int(tall * 0.55)
        drawing.line((x, base, x, base - tall), fill=(92, 94, 100), width=max(3, tall // 50))
        reach = tall // 5 * (1 if x < 320 else -1)
        drawing.line((x, base - tall, x + reach, base - tall - 6), fill=(92, 94, 100), width=max(3, tall // 60))
        if done or number == 4:
            light.polygon(((x + reach, base - tall), (x + reach - tall // 3, base), (x + reach + tall // 3, base)), fill=(120, 96, 48))
            light.ellipse((x + reach - 12, base - tall - 10, x + reach + 12, base - tall + 12), fill=(250, 226, 160))
    lit = glow.filter(ImageFilter.GaussianBlur(9))
    image.paste(Image.composite(lit, image, lit.convert("L").point([min(255, value * 2) for value in range(256)])))


def _flood(image: Image.Image, rng: Random, done: bool) -> None:
    drawing, horizon = _street(image, rng, surface=(120, 120, 120) if not done else (142, 140, 136))
    if done:
        return
    street = image.crop((0, 0, 640, horizon)).transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((640, 480 - horizon))
    water = Image.blend(street, Image.new("RGB", street.size, (126, 112, 88)), 0.62)
    image.paste(water, (0, horizon + rng.randint(14, 30)))
    for _ripple in range(70):
        y = rng.randint(horizon + 30, 474)
        reach = int(8 + (y - horizon) * 0.3)
        x = rng.randint(-20, 640)
        drawing.line((x, y, x + reach, y), fill=(168, 158, 136), width=1 + (y - horizon) // 120)
    x = rng.randint(180, 420)
    drawing.rectangle((x - 26, 330, x + 30, 352), fill=(156, 58, 52))
    drawing.ellipse((x - 16, 296, x + 14, 336), fill=(70, 84, 110))
    drawing.ellipse((x - 10, 278, x + 10, 300), fill=(226, 224, 216))


def _rubbish(image: Image.Image, rng: Random, done: bool) -> None:
    drawing, _horizon = _street(image, rng)
    drawing.rectangle((0, 250, 300, 400), fill=(192, 184, 168))
    drawing.polygon(((0, 400), (300, 400), (260, 480), (0, 480)), fill=(162, 156, 146))
    if done:
        drawing.rounded_rectangle((96, 330, 176, 440), 8, fill=(58, 120, 84))
        drawing.rounded_rectangle((88, 318, 184, 338), 6, fill=(44, 98, 70))
        return
    colours: tuple[Colour, ...] = (
        (222, 220, 214),
        (64, 66, 72),
        (172, 60, 56),
        (66, 108, 160),
        (214, 178, 78),
        (108, 140, 92),
        (150, 118, 88),
    )
    for _bag in range(110):
        x, y = rng.gauss(150, 62), 452 - abs(rng.gauss(0, 46))
        _blotch(drawing, rng, x, y, rng.randint(20, 56), _shade(rng.choice(colours), rng.uniform(0.8, 1.1)), 0.7)


def _sign(image: Image.Image, rng: Random, done: bool) -> None:
    drawing, _horizon = _street(image, rng)
    x, lean = rng.randint(120, 180), 0 if done else rng.randint(60, 110)
    top = (x + lean, 190 + lean // 3)
    drawing.line((x, 450, *top), fill=(140, 142, 146), width=11)
    drawing.ellipse((top[0] - 54, top[1] - 54, top[0] + 54, top[1] + 54), fill=(194, 46, 44))
    drawing.ellipse((top[0] - 39, top[1] - 39, top[0] + 39, top[1] + 39), fill=(238, 236, 230))
    if not done:
        _blotch(drawing, rng, top[0] - 6, top[1] + 6, 60, (150, 108, 76), 0.8)
    else:
        drawing.line((top[0] - 20, top[1], top[0] + 20, top[1]), fill=(40, 42, 46), width=12)


def _market(image: Image.Image, rng: Random, done: bool) -> None:
    _sky(image, rng, 120)
    drawing = ImageDraw.Draw(image)
    drawing.rectangle((0, 110, 640, 480), fill=(196, 186, 168))
    drawing.polygon(((0, 150), (640, 150), (560, 70), (80, 70)), fill=(128, 136, 142))
    for rib in range(12):
        drawing.line((rib * 58, 150, 80 + rib * 43, 70), fill=(112, 120, 126), width=3)
    for stall in range(4):
        x = 20 + stall * 156
        colour = rng.choice(((186, 74, 64), (72, 122, 150), (214, 166, 76), (96, 140, 96)))
        drawing.polygon(((x, 230), (x + 140, 230), (x + 124, 196), (x + 16, 196)), fill=colour)
        drawing.rectangle((x + 8, 300, x + 132, 360), fill=(150, 122, 92))
        for _goods in range(14):
            gx = x + 14 + rng.randint(0, 104)
            drawing.ellipse((gx, 288, gx + 16, 304), fill=rng.choice(((206, 96, 58), (120, 150, 70), (222, 190, 92), (170, 70, 80))))
    drawing.rectangle((0, 384, 640, 480), fill=(158, 152, 142))
    if done:
        return
    for _gap in range(3):
        _blotch(drawing, rng, rng.randint(140, 500), rng.randint(88, 132), rng.randint(40, 80), (214, 222, 226), 0.5)
    for _puddle in range(5):
        _blotch(drawing, rng, rng.randint(40, 600), rng.randint(400, 462), rng.randint(60, 150), (118, 108, 94), 0.28)


def _pipe(image: Image.Image, rng: Random, done: bool) -> None:
    drawing, _horizon = _street(image, rng)
    x = rng.randint(260, 380)
    if done:
        drawing.rectangle((x - 60, 392, x + 60, 432), fill=(92, 92, 94))
        return
    _blotch(drawing, rng, x, 420, 320, (132, 142, 150), 0.24)
    _blotch(drawing, rng, x, 410, 110, (94, 84, 72))
    for _drop in range(160):
        rise = rng.uniform(0, 1)
        cx = x + rng.gauss(0, 8 + 46 * rise)
        cy = 410 - 230 * rise * (1 - 0.25 * rise) + rng.gauss(0, 9)
        size = rng.uniform(2, 7)
        drawing.ellipse((cx - size, cy - size, cx + size, cy + size), fill=(206, 220, 228))


SCENES: dict[str, Callable[[Image.Image, Random, bool], None]] = {
    "road": _road,
    "bank": _bank,
    "tree": _tree,
    "lamp": _lamp,
    "flood": _flood,
    "rubbish": _rubbish,
    "sign": _sign,
    "market": _market,
    "pipe": _pipe,
}
