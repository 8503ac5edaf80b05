import assert from "node:assert/strict";
import test from "node:test";
import { ago, distance, number } from "../../static/js/lib/format.js";
import { wordsFrom } from "../../static/js/lib/words.js";

test("words are filled in, with the plural of the language", () => {
  const words = wordsFrom({ foundOne: "{count} report", foundOther: "{count} reports", near: "{metres} away" }, "en");
  assert.equal(words("found", { count: 1 }), "1 report");
  assert.equal(words("found", { count: 1518, shown: "1,518" }), "1,518 reports");
  assert.equal(words("near", { metres: "87 m" }), "87 m away");
  assert.equal(words("nowhere"), "nowhere");
});

test("Vietnamese has one form", () => {
  const words = wordsFrom({ foundOne: "{count} phản ánh", foundOther: "{count} phản ánh" }, "vi");
  assert.equal(words("found", { count: 1 }), "1 phản ánh");
});

test("numbers and distances are written as in the country", () => {
  assert.equal(number(1518, "vi"), "1.518");
  assert.equal(number(1518, "en"), "1,518");
  assert.equal(distance(87.4, "vi"), "87 m");
  assert.equal(distance(1540, "vi"), "1,5 km");
  assert.equal(distance(25_400, "en"), "25 km");
});

test("recent times are relative, older ones are left to their date", () => {
  const now = new Date("2026-07-17T12:00:00+07:00");
  const before = (seconds) => new Date(now.getTime() - seconds * 1000);
  assert.equal(ago(before(2 * 3600 + 60), now, "vi"), "2 giờ trước");
  assert.equal(ago(before(3 * 86_400), now, "en"), "3 days ago");
  assert.equal(ago(before(8 * 86_400), now, "vi"), null);
  assert.equal(ago(before(-3600), now, "vi"), null);
});
