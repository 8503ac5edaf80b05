import assert from "node:assert/strict";
import test from "node:test";
import { drawn, isMeant, moved, resized } from "../../static/js/lib/areas.js";

test("an area stays inside the photo however far it is moved", () => {
  assert.deepEqual(moved([0.4, 0.4, 0.2, 0.2], 5, -5), [0.8, 0, 0.2, 0.2]);
});

test("an area never grows out of the photo and never vanishes", () => {
  assert.deepEqual(resized([0.9, 0.5, 0.05, 0.2], 1, -1), [0.9, 0.5, 0.1, 0.01]);
});

test("an area may be drawn in any direction, and beyond the edge", () => {
  assert.deepEqual(drawn({ x: 0.5, y: 0.6 }, { x: -0.2, y: 0.1 }), [0, 0.1, 0.5, 0.5]);
});

test("a slip of the finger is no area", () => {
  assert.equal(isMeant(drawn({ x: 0.5, y: 0.5 }, { x: 0.501, y: 0.9 })), false);
  assert.equal(isMeant(drawn({ x: 0.5, y: 0.5 }, { x: 0.6, y: 0.6 })), true);
});
