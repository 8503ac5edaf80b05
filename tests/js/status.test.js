import assert from "node:assert/strict";
import test from "node:test";
import { byGroup, groupOf, markerOf } from "../../static/js/lib/status.js";

const STATUSES =
  "new triage accepted surveying in_progress waiting reply_review resolved returned duplicate withdrawn".split(" ");

test("every status of the contract has a group and a marker", () => {
  for (const status of STATUSES) {
    assert.ok(["new", "triage", "progress", "waiting", "resolved", "returned"].includes(groupOf(status)), status);
    assert.match(markerOf(status), /^marker-[a-z]+$/);
  }
});

test("an unknown status is never shown as done", () => {
  assert.equal(groupOf("something_new"), "progress");
});

test("groups are summed in the order of a report's life, and nothing is lost", () => {
  const counts = { resolved: 5, new: 1, accepted: 2, surveying: 3, duplicate: 1, waiting: 0 };
  assert.deepEqual(byGroup(counts), [
    { group: "new", count: 1 },
    { group: "progress", count: 5 },
    { group: "resolved", count: 5 },
    { group: "returned", count: 1 },
  ]);
  assert.deepEqual(byGroup(null), []);
});
