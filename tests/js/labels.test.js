import assert from "node:assert/strict";
import test from "node:test";
import { bareName, spotInView, withRoom } from "../../static/js/lib/labels.js";

const label = (text, x, y, weight) => ({ text, x, y, width: 60, height: 14, weight });

test("the more important name stands in the middle, the other makes way", () => {
  const shown = withRoom([label("Xã nhỏ", 100, 100, 1), label("Xã lớn", 110, 104, 5)], { width: 300, height: 300 });
  assert.deepEqual(
    shown.map(({ text, y }) => [text, y]),
    [
      ["Xã lớn", 104],
      ["Xã nhỏ", 80],
    ],
  );
});

test("a name that finds no room is left out", () => {
  const crowd = Array.from({ length: 9 }, (_, n) => label(`Xã ${n}`, 100, 100, n));
  assert.equal(withRoom(crowd, { width: 200, height: 200 }).length, 5);
});

test("names beside each other both stand; names over the edge do not", () => {
  const shown = withRoom([label("A", 100, 100, 1), label("B", 200, 100, 1), label("C", 10, 100, 9)], {
    width: 300,
    height: 300,
  });
  assert.deepEqual(
    shown.map(({ text }) => text),
    ["A", "B"],
  );
});

test("names keep clear of what lies over the map", () => {
  const disc = { x: 110, y: 100, width: 40, height: 40 };
  const [name] = withRoom([label("A", 100, 100, 1)], { width: 300, height: 300 }, [disc]);
  assert.ok(Math.abs(name.y - disc.y) >= (14 + 40) / 2);
});

test("a name loses its kind, unless only a number is left", () => {
  assert.equal(bareName("Phường An Xuyên"), "An Xuyên");
  assert.equal(bareName("Xã Đất Mũi"), "Đất Mũi");
  assert.equal(bareName("Thị trấn Đầm Dơi"), "Đầm Dơi");
  assert.equal(bareName("Phường 2"), "Phường 2");
  assert.equal(bareName("Xãlạ"), "Xãlạ");
});

const area = (...rings) => ({ type: "MultiPolygon", coordinates: rings.map((ring) => [ring]) });
const box = (west, south, east, north) => [
  [west, south],
  [east, south],
  [east, north],
  [west, north],
  [west, south],
];

test("an area that fills the view has its name in the middle of the view", () => {
  const view = [4, 4, 6, 6];
  const middle = { lon: 5, lat: 5, room: 2 };
  assert.deepEqual(spotInView(area(box(0, 0, 20, 20)), view), middle);
  assert.deepEqual(spotInView({ type: "Polygon", coordinates: [box(0, 0, 20, 20)] }, view), middle);
});

test("an area that is seen in part has its name amid that part", () => {
  assert.deepEqual(spotInView(area(box(0, 0, 5, 20)), [4, 4, 6, 6]), { lon: 4.5, lat: 5, room: 1 });
});

test("a hollow area has its name within itself, where it is widest", () => {
  const hook = [
    [0, 0],
    [10, 0],
    [10, 10],
    [6, 10],
    [6, 3],
    [2, 3],
    [2, 10],
    [0, 10],
    [0, 0],
  ];
  assert.deepEqual(spotInView(area(hook), [0, 0, 10, 10]), { lon: 8, lat: 5, room: 4 });
});

test("an area of which a sliver or nothing is seen has no name there", () => {
  assert.equal(spotInView(area(box(0, 0, 4.2, 20)), [4, 4, 6, 6]), null);
  assert.equal(spotInView(area(box(0, 0, 20, 4.1)), [4, 4, 6, 6]), null);
  assert.equal(spotInView(area(box(30, 30, 40, 40)), [4, 4, 6, 6]), null);
});
