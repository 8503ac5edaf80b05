import assert from "node:assert/strict";
import test from "node:test";
import { formatAt, parseAt, parsePosition, withParams } from "../../static/js/lib/view.js";

test("a place in the address survives the round trip", () => {
  const at = { lat: 9.17682, lon: 105.15241, zoom: 15 };
  assert.deepEqual(parseAt(formatAt(at)), at);
  for (const text of [null, "", "9,105", "9,105,x", "95,105,10", ",,", "9,105,99"]) assert.equal(parseAt(text), null);
});

test("parameters are set, dropped and kept", () => {
  assert.equal(withParams("/?category=traffic&lang=en", { status: "open", category: "" }), "/?lang=en&status=open");
  assert.equal(withParams("/", { at: "9.1,105.1,12" }), "/?at=9.1,105.1,12");
  assert.equal(withParams("/?a=1", { a: null }), "/");
});

test("positions are read as people type them", () => {
  assert.deepEqual(parsePosition("9.1768, 105.1524"), { lat: 9.1768, lon: 105.1524 });
  assert.deepEqual(parsePosition(" 9,1768 105,1524 "), { lat: 9.1768, lon: 105.1524 });
  assert.deepEqual(parsePosition("9,1768; 105,1524"), { lat: 9.1768, lon: 105.1524 });
  assert.equal(parsePosition("Phường 5"), null);
  assert.equal(parsePosition("105.1, 9.1"), null);
});
