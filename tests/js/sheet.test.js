import assert from "node:assert/strict";
import test from "node:test";
import { nextStop, restOf, stops } from "../../static/js/lib/sheet.js";

test("a sheet let go rests at the nearest stop, further with a flick", () => {
  const at = stops(640, 120);
  assert.deepEqual(at, { peek: 120, half: 352, full: 640 });
  assert.equal(restOf(150, 0, at), "peek");
  assert.equal(restOf(340, 0, at), "half");
  assert.equal(restOf(340, 1.2, at), "full");
  assert.equal(restOf(340, -1.2, at), "peek");
});

test("pressing the handle goes round", () => {
  assert.equal(nextStop(nextStop(nextStop("peek"))), "peek");
});

test("a low room squeezes the stops, never turns them over", () => {
  const at = stops(100, 120);
  assert.ok(at.peek <= at.half && at.half <= at.full);
});
