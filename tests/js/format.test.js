import assert from "node:assert/strict";
import test from "node:test";
import { distance, fileSize, number } from "../../static/js/lib/format.js";

test("figures are written as the language does", () => {
  assert.equal(number(1518, "vi"), "1.518");
  assert.equal(number(1518, "en"), "1,518");
});

test("distances are metres below a kilometre", () => {
  assert.equal(distance(87.4, "vi"), "87 m");
  assert.equal(distance(1540, "vi"), "1,5 km");
});

test("a small file is not nothing", () => {
  assert.equal(fileSize(200, "vi"), "1 kB");
  assert.equal(fileSize(94_000, "en"), "94 kB");
  assert.equal(fileSize(1_040_000, "vi"), "1,0 MB");
  assert.equal(fileSize(1_040_000, "en"), "1.0 MB");
});
