import assert from "node:assert/strict";
import { test } from "node:test";
import { metresBetween } from "../../static/js/lib/distance.js";

test("distances fit the ellipsoid to half a percent", () => {
  const here = { lat: 9.1768, lon: 105.1524 };
  assert.equal(metresBetween(here, here), 0);
  assert.ok(Math.abs(metresBetween(here, { lat: 9.1768, lon: 105.1615 }) / 1000 - 1) < 0.005);
  assert.ok(Math.abs(metresBetween(here, { lat: 10.1768, lon: 105.1524 }) / 110_600 - 1) < 0.006);
  assert.ok(metresBetween({ lat: 0, lon: 0 }, { lat: 0, lon: 180 }) > 20_000_000);
});
