import assert from "node:assert/strict";
import { test } from "node:test";
import { pack, unpack } from "../../static/js/lib/draft.js";

const NOW = 1_754_000_000_000;

test("a draft comes back without its empty fields", () => {
  assert.deepEqual(unpack(pack({ description: "Ổ gà", category: "" }, NOW), NOW + 1000), { description: "Ổ gà" });
});

test("nothing written is no draft", () => {
  assert.equal(pack({ description: "", category: "" }, NOW), "");
});

test("a draft is forgotten after a week", () => {
  const text = pack({ description: "Ổ gà" }, NOW);
  assert.equal(unpack(text, NOW + 8 * 86_400_000), null);
  assert.ok(unpack(text, NOW + 6 * 86_400_000));
});

test("what is no draft is passed over", () => {
  for (const text of [
    null,
    "",
    "{",
    "null",
    "[]",
    '{"version":1}',
    '{"version":9,"at":1,"values":{"a":"b"}}',
    '{"version":1,"at":"x","values":{}}',
  ]) {
    assert.equal(unpack(text, NOW), null, String(text));
  }
  assert.deepEqual(unpack(JSON.stringify({ version: 1, at: NOW, values: { a: { b: 1 }, c: "d" } }), NOW), { c: "d" });
});
