import assert from "node:assert/strict";
import { test } from "node:test";
import { findExif, positionOf, upright, withExif } from "../../static/js/lib/exif.js";

const JPEG = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xda, 0, 2, 9, 9]);

/** An EXIF block: orientation, and 9°10'36" N, 105°09'00" E unless told otherwise. */
function block({ little = true, orientation = 6, refs = "NE", lat = [9, 10, 36], below = 1 } = {}) {
  const bytes = new Uint8Array(160);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, little ? 0x4949 : 0x4d4d);
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  const entry = (at, tag, type, count, value) => {
    view.setUint16(at, tag, little);
    view.setUint16(at + 2, type, little);
    view.setUint32(at + 4, count, little);
    if (type === 3) view.setUint16(at + 8, value, little);
    else if (type === 2) view.setUint8(at + 8, value.charCodeAt(0));
    else view.setUint32(at + 8, value, little);
  };
  view.setUint16(8, 2, little);
  entry(10, 0x0112, 3, 1, orientation);
  entry(22, 0x8825, 4, 1, 40);
  view.setUint16(40, 4, little);
  entry(42, 1, 2, 2, refs[0]);
  entry(54, 2, 5, 3, 100);
  entry(66, 3, 2, 2, refs[1]);
  entry(78, 4, 5, 3, 124);
  [...lat, 105, 9, 0].forEach((number, index) => {
    view.setUint32(100 + index * 8, number, little);
    view.setUint32(104 + index * 8, below, little);
  });
  return bytes;
}

test("the block is found, and carried over", () => {
  const made = withExif(JPEG, block());
  assert.deepEqual(findExif(made), block());
  assert.deepEqual([...made.slice(0, 4)], [0xff, 0xd8, 0xff, 0xe1]);
  assert.deepEqual(made.slice(-12), JPEG.slice(2));
  assert.equal(findExif(JPEG), null);
});

test("the position is read in both orders of bytes and all quarters of the earth", () => {
  assert.deepEqual(positionOf(block()), { lat: 9.176667, lon: 105.15 });
  assert.deepEqual(positionOf(block({ little: false, refs: "SW" })), { lat: -9.176667, lon: -105.15 });
});

test("a position that cannot be true is none", () => {
  assert.equal(positionOf(block({ lat: [91, 0, 0] })), null);
  assert.equal(positionOf(block({ below: 0 })), null);
});

test("a canvas has turned the picture: the block says so", () => {
  const turned = upright(block({ orientation: 6 }));
  assert.equal(new DataView(turned.buffer).getUint16(18, true), 1);
  assert.deepEqual(positionOf(turned), positionOf(block()));
});

test("whatever comes, nothing breaks", () => {
  for (const bytes of [
    [],
    [0xff],
    [0xff, 0xd8],
    [0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff],
    [0xff, 0xd8, 0xff, 0xe1, 0, 0],
    [1, 2, 3, 4, 5, 6, 7, 8, 9],
  ]) {
    const made = Uint8Array.from(bytes);
    assert.equal(findExif(made), null);
    assert.equal(positionOf(made), null);
    assert.deepEqual(upright(made), made);
  }
  const whole = block();
  for (let length = 0; length < whole.length; length += 1) positionOf(whole.slice(0, length));
  const broken = block();
  new DataView(broken.buffer).setUint32(4, 0xfffffff0, true);
  assert.equal(positionOf(broken), null);
  assert.equal(withExif(JPEG, new Uint8Array(70_000)), JPEG);
});
