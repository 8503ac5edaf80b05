// Sending what waits: once, as who kept it, and nothing thrown away that the server does not have.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isPassing, sendAll } from "../../static/js/lib/outbox.js";

const json = (status, said) => new Response(JSON.stringify(said), { status });

function kept(key, more = {}) {
  return {
    key,
    user: "binh",
    code: "X",
    title: "",
    url: `/desk/reports/X/survey/`,
    state: "waiting",
    at: 1,
    fields: [["note", "Sâu"]],
    photos: [{ sha: "a", name: "a.jpg", type: "image/jpeg", bytes: new Uint8Array([1, 2, 3]).buffer }],
    ...more,
  };
}

function store(...surveys) {
  const rows = new Map(surveys.map((one) => [one.key, one]));
  return {
    rows,
    all: async () => [...rows.values()],
    put: async (one) => rows.set(one.key, one),
    remove: async (key) => rows.delete(key),
  };
}

/** A server that answers by address, and remembers what it was sent. */
function server(answers) {
  const calls = [];
  const fetch = async (url, { body } = {}) => {
    calls.push({ url, body });
    const answer = url.endsWith("/who/") ? json(200, { user: "binh", token: "t" }) : answers(url, calls);
    if (!answer) throw new TypeError("no line");
    return answer;
  };
  return { calls, fetch };
}

test("words go first, then the photos that the server misses, byte by byte", async () => {
  const phone = store(kept("1"));
  const { calls, fetch } = server((url) =>
    json(url.includes("/photos/") ? 200 : 201, { missing: url.includes("/photos/") ? [] : ["a"] }),
  );
  const { sent } = await sendAll({ fetch, store: phone });
  assert.deepEqual(
    sent.map(({ key }) => key),
    ["1"],
  );
  assert.equal(phone.rows.size, 0);
  assert.deepEqual(
    calls.map(({ url }) => url),
    ["/desk/surveys/who/", "/desk/reports/X/survey/", "/desk/surveys/1/photos/"],
  );
  assert.equal(calls[1].body.get("key"), "1");
  assert.equal(calls[1].body.get("named"), "a");
  assert.deepEqual(new Uint8Array(await calls[2].body.get("photo").arrayBuffer()), new Uint8Array([1, 2, 3]));
});

test("what arrived before the line broke is not sent again, and nothing leaves the phone before all of it is there", async () => {
  const phone = store(kept("1"));
  const broken = server((url) => (url.includes("/photos/") ? null : json(201, { missing: ["a"] })));
  assert.equal((await sendAll({ fetch: broken.fetch, store: phone })).offline, true);
  assert.equal(phone.rows.get("1").state, "waiting");
  const again = server(() => json(200, { missing: [] }));
  await sendAll({ fetch: again.fetch, store: phone });
  assert.equal(again.calls.length, 2);
  assert.equal(phone.rows.size, 0);
});

test("what one officer kept is not sent as another", async () => {
  const phone = store(kept("1", { user: "hanh" }));
  const { calls, fetch } = server(() => json(201, { missing: [] }));
  await sendAll({ fetch, store: phone });
  assert.equal(calls.length, 1);
  assert.equal(phone.rows.size, 1);
});

test("what the server refuses stays on the phone with the reason, and the next is sent", async () => {
  const phone = store(kept("1"), kept("2"));
  const { fetch } = server((_url, calls) =>
    calls.length === 2 ? json(422, { detail: "Độ sâu: quá lớn" }) : json(200, { missing: [] }),
  );
  await sendAll({ fetch, store: phone });
  assert.deepEqual(
    [...phone.rows.values()].map(({ key, state, why }) => [key, state, why]),
    [["1", "refused", "Độ sâu: quá lớn"]],
  );
});

test("drafts are not sent, and without anything that waits nobody is asked", async () => {
  const phone = store(kept("1", { state: "draft" }));
  const { calls, fetch } = server(() => json(200, { missing: [] }));
  await sendAll({ fetch, store: phone });
  assert.equal(calls.length, 0);
});

test("a busy server and a lost sign-in pass; a survey that is wrong does not", () => {
  assert.deepEqual([0, 401, 429, 500, 503].map(isPassing), [true, true, true, true, true]);
  assert.deepEqual([403, 404, 409, 422].map(isPassing), [false, false, false, false]);
});
