import assert from "node:assert/strict";
import test from "node:test";
import { contains } from "../../static/js/lib/bbox.js";
import { cellsIn, fitting, frameOf, zoomsOf } from "../../static/js/lib/first-view.js";

/** @type {import("../../static/js/lib/bbox.js").Bbox} */
const PROVINCE = [104.65, 8.5, 105.85, 9.65];
const NOTHING = { top: 0, bottom: 0 };
const point = (/** @type {number} */ lon, /** @type {number} */ lat) => ({
  geometry: { coordinates: [lon, lat] },
  properties: { cluster: true },
});

test("a box is seen as large as it fits, in steps of the zoom", () => {
  for (const size of [
    { x: 360, y: 680 },
    { x: 1040, y: 840 },
    { x: 2160, y: 1300 },
  ]) {
    const view = fitting(PROVINCE, size, NOTHING, zoomsOf(false));
    assert.ok(contains(frameOf(view, size).bbox, PROVINCE));
    assert.ok(!contains(frameOf({ ...view, zoom: view.zoom + 0.25 }, size).bbox, PROVINCE));
    assert.ok(Number.isInteger(fitting(PROVINCE, size, NOTHING, zoomsOf(true)).zoom));
  }
});

test("what lies over the map's edges lies over no part of the box", () => {
  const size = { x: 360, y: 680 };
  const covered = { top: 100, bottom: 190 };
  const { at } = frameOf(fitting(PROVINCE, size, covered, zoomsOf(false)), size);
  assert.ok(at([104.65, 9.65]).y >= covered.top);
  assert.ok(at([105.85, 8.5]).y <= size.y - covered.bottom);
});

test("a window that other things cover wholly still has a map", () => {
  const { zoom } = fitting(PROVINCE, { x: 640, y: 250 }, { top: 110, bottom: 190 }, zoomsOf(false));
  assert.ok(zoom >= 5 && zoom < 9);
});

test("the middle of the map is the middle of its frame", () => {
  const { at } = frameOf({ lat: 9.1, lon: 105.2, zoom: 9.25 }, { x: 400, y: 300 });
  assert.deepEqual(at([105.2, 9.1]), { x: 200, y: 150 });
});

test("of the features of a larger box those whose cells touch the view are left", () => {
  const features = [point(105.2, 9.1), point(104.2, 9.1), point(105.2, 7.1)];
  assert.deepEqual(cellsIn(features, 8, PROVINCE), [features[0]]);
  const side = 360 / 2 ** 11;
  const west = Math.floor((104.65 + 180) / side) * side - 180;
  assert.equal(cellsIn([point(west + 1e-4, 9.1)], 8, PROVINCE).length, 1); // west of the box, in a cell that touches it
  assert.equal(cellsIn([point(west - 1e-4, 9.1)], 8, PROVINCE).length, 0);
});
