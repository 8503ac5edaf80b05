import assert from "node:assert/strict";
import { test } from "node:test";
import { readCorners, writeCorners } from "../../static/js/lib/corners.js";

test("corners come back as they were written, to the metre", () => {
  const corners = [
    [105.1, 9.1],
    [105.123456, 9.2],
    [105.2, 9],
  ];
  assert.equal(writeCorners(corners), "105.1,9.1 105.12346,9.2 105.2,9");
  assert.deepEqual(readCorners("105.1,9.1 105.12346,9.2; 105.2,9"), [
    [105.1, 9.1],
    [105.12346, 9.2],
    [105.2, 9],
  ]);
});

test("a ring that is closed has its last corner once", () => {
  assert.equal(readCorners("0,0 1,0 1,1 0,0")?.length, 3);
});

test("what is no list of corners is none", () => {
  for (const text of ["x", "1,2,3", "1,", ",", "1"]) assert.equal(readCorners(text), null);
  assert.deepEqual(readCorners(" "), []);
});
