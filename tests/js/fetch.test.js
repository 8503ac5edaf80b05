import assert from "node:assert/strict";
import test from "node:test";
import { getJson, latest, Problem } from "../../static/js/lib/fetch.js";

const answer =
  (body, status = 200) =>
  async () =>
    new Response(typeof body === "string" ? body : JSON.stringify(body), { status });

test("an error of the API comes with its sentence", async (t) => {
  t.mock.method(globalThis, "fetch", answer({ title: "x", detail: "lat thiếu.", suggestion: { lat: 9 } }, 400));
  await assert.rejects(
    getJson("/x"),
    (error) => error instanceof Problem && error.message === "lat thiếu." && error.body.suggestion.lat === 9,
  );
});

test("no answer at all is the line's fault", async (t) => {
  t.mock.method(globalThis, "fetch", async () => {
    throw new TypeError("Failed to fetch");
  });
  await assert.rejects(getJson("/x"), (error) => error instanceof Problem && error.isOffline);
});

test("a broken answer is not taken for data", async (t) => {
  t.mock.method(globalThis, "fetch", answer("<html>"));
  await assert.rejects(getJson("/x"), Problem);
});

test("of quick calls only the last runs, and it aborts the one before", async () => {
  const seen = [];
  const task = latest(async (signal, name) => {
    seen.push(name);
    await new Promise((resolve) => setTimeout(resolve, 20));
    seen.push(`${name} ${signal.aborted ? "aborted" : "done"}`);
  }, 5);
  task("a");
  task("b");
  await new Promise((resolve) => setTimeout(resolve, 12));
  task("c");
  await new Promise((resolve) => setTimeout(resolve, 60));
  assert.deepEqual(seen, ["b", "c", "b aborted", "c done"]);
});

test("what is wanted now does not wait, and takes the place of what was to come", async () => {
  const seen = [];
  const task = latest(async (_signal, name) => {
    seen.push(name);
  }, 10);
  task("soon");
  task.now("now");
  assert.deepEqual(seen, ["now"]);
  await new Promise((resolve) => setTimeout(resolve, 25));
  assert.deepEqual(seen, ["now"]);
});
