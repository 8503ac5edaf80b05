import assert from "node:assert/strict";
import test from "node:test";
import { latOf, lonOf, tileX, tileY } from "../../static/js/lib/bbox.js";
import { placeOf, radius, rise, segments, shortCount } from "../../static/js/lib/ring.js";

test("a cluster grows with its count, within limits", () => {
  const sizes = [2, 10, 50, 100, 1000, 100_000].map(radius);
  assert.deepEqual(
    sizes,
    [...sizes].sort((a, b) => a - b),
  );
  assert.equal(sizes[0], 15);
  assert.equal(sizes.at(-1), 28);
});

test("of two marks that touch the smaller lies above", () => {
  const touching = 2 * radius(100_000);
  for (const [small, large] of [
    [undefined, 50],
    [2, 9],
    [9, 100],
    [100, 100_000],
  ]) {
    assert.ok(rise(small) - touching > rise(large));
  }
});

test("discs of neighbouring cells hide no number of each other, and lie over their middles", () => {
  const z = 11;
  const [west, south] = [tileX(105.1, z), tileY(9.1, z)].map(Math.floor);
  for (const count of [2, 9, 100, 50_000]) {
    for (const [one, other] of [
      [0.999, 1.001],
      [0.7, 1.2],
      [0.5, 1.5],
    ]) {
      const [a, b] = [one, other].map((step) => {
        /** @type {[number, number]} */
        const coordinates = [lonOf(west + step, z), latOf(south + 0.5, z)];
        const place = placeOf({ geometry: { coordinates }, properties: { cluster: true, count } }, z - 3);
        assert.ok(Math.abs(tileX(place[0], z) - (west + step)) * 64 <= radius(count));
        return tileX(place[0], z) * 64;
      });
      assert.ok(b - a >= 2 * radius(count) - 12 - 1e-6 || one === 0.5);
    }
  }
  /** @type {[number, number]} */
  const alone = [lonOf(west + 0.001, z), latOf(south + 0.001, z)];
  assert.deepEqual(placeOf({ geometry: { coordinates: alone }, properties: { cluster: false } }, z - 3), alone);
});

test("long counts are shortened, never rounded up", () => {
  assert.equal(shortCount(999), "999");
  assert.equal(shortCount(1518, "vi"), "1,5k");
  assert.equal(shortCount(1599, "en"), "1.5k");
  assert.equal(shortCount(25_999), "25k");
  assert.equal(shortCount(1_234_567, "vi"), "1.234k");
  assert.equal(shortCount(1_234_567, "en"), "1,234k");
});

test("segments close the ring", () => {
  assert.deepEqual(segments([], 10), []);
  assert.equal(segments([{ group: "new", count: 4 }], 10).length, 1);
  const two = segments(
    [
      { group: "new", count: 3 },
      { group: "resolved", count: 1 },
    ],
    10,
  );
  assert.equal(two[0].d, "M0.00 -10.00A10 10 0 1 1 -10.00 0.00");
  assert.ok(two[1].d.startsWith("M-10.00 0.00A") && two[1].d.endsWith("-0.00 -10.00"));
});
