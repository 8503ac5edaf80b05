import assert from "node:assert/strict";
import test from "node:test";
import { contains, pad, parse, tileX, tileY, toQuery, wholeCells } from "../../static/js/lib/bbox.js";

test("a box is written as west,south,east,north", () => {
  assert.equal(toQuery([104.5, 8.4, 105.95, 9.75]), "104.5,8.4,105.95,9.75");
  assert.equal(toQuery([104.123456789, 8, 105, 9]), "104.123457,8,105,9");
});

test("what is no box is refused", () => {
  for (const text of ["", null, "1,2,3", "a,b,c,d", "105,9,104,8", "1,2,3,NaN"]) assert.equal(parse(text), null);
  assert.deepEqual(parse("104.5,8.4,105.95,9.75"), [104.5, 8.4, 105.95, 9.75]);
});

test("a padded box contains the box, and stays on the globe", () => {
  const box = /** @type {[number, number, number, number]} */ ([104.5, 8.4, 105.95, 9.75]);
  assert.ok(contains(pad(box, 0.5), box));
  assert.ok(!contains(box, pad(box, 0.5)));
  assert.ok(!contains(null, box));
  assert.deepEqual(pad([-180, -90, 180, 90], 1), [-180, -90, 180, 90]);
});

test("whole cells cover the box and touch no further cell", () => {
  const zoom = 9;
  const box = /** @type {[number, number, number, number]} */ ([104.83, 8.61, 105.71, 9.42]);
  const cells = wholeCells(box, zoom);
  assert.ok(contains(cells, box));
  const size = 360 / 2 ** (zoom + 3);
  assert.ok(box[0] - cells[0] < size && cells[2] - box[2] < size);
  for (const edge of [tileX(cells[0], 12), tileX(cells[2], 12), tileY(cells[1], 12), tileY(cells[3], 12)]) {
    const off = Math.abs(edge - Math.round(edge));
    assert.ok(off > 0 && off < 0.001, `drawn in by a hair: ${off}`);
  }
  assert.deepEqual(
    wholeCells(cells, zoom).map((n) => n.toFixed(5)),
    cells.map((n) => n.toFixed(5)),
  );
});
