import assert from "node:assert/strict";
import test from "node:test";
import { keyOf, merged } from "../../static/js/lib/merge.js";

const point = (/** @type {number} */ lon, /** @type {number} */ lat) => ({ type: "Point", coordinates: [lon, lat] });
const single = (/** @type {string} */ code, status = "new") => ({
  geometry: point(105, 9),
  properties: { cluster: false, code, status },
});
const cluster = (/** @type {number} */ count, lon = 105.01) => ({
  geometry: point(lon, 9.01),
  properties: { cluster: true, count },
});

test("a cluster is the same while its middle moves within its cell, and another at another zoom", () => {
  assert.equal(keyOf(cluster(3, 105.01), 8), keyOf(cluster(9, 105.02), 8));
  assert.notEqual(keyOf(cluster(3), 8), keyOf(cluster(3), 9));
  assert.notEqual(keyOf(cluster(3, 105.01), 8), keyOf(cluster(3, 106), 8));
});

test("only what has come, gone or changed is drawn", () => {
  const first = merged(new Map(), [single("A"), single("B"), cluster(3)], 8);
  assert.equal(first.come.length, 3);
  const same = merged(first.next, [single("A"), single("B"), cluster(3)], 8);
  assert.deepEqual([same.gone, same.come], [[], []]);
  const later = merged(first.next, [single("A", "accepted"), single("C"), cluster(4)], 8);
  assert.deepEqual(later.gone, ["B"]);
  assert.deepEqual(
    later.come.map(([key]) => key),
    ["A", "C", keyOf(cluster(4), 8)],
  );
});
