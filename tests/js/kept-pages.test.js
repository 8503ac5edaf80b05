// Which pages and files are kept for a place without a line.
import assert from "node:assert/strict";
import { test } from "node:test";
import { filesOf, isFixed, isKept } from "../../static/js/lib/kept-pages.js";

test("survey pages and the route are kept, nothing else of the desk", () => {
  assert.ok(isKept("/desk/route/"));
  assert.ok(isKept("/desk/reports/0KWXGYNF0Z/survey/"));
  for (const path of ["/desk/", "/desk/reports/X/", "/desk/reports/X/survey/y/", "/desk/surveys/who/"])
    assert.ok(!isKept(path), path);
});

test("only files that never change under their name are kept", () => {
  assert.ok(isFixed("/static/js/lib/outbox.0123456789ab.js"));
  assert.ok(!isFixed("/static/js/lib/outbox.js"));
  assert.ok(!isFixed("/media/a.0123456789ab.js"));
});

test("a page names its styles, scripts, modules and icons", () => {
  const html =
    '<html data-icons="/static/icons.0123456789ab.svg"><link href="/static/a.0123456789ab.css"><script src="/static/b.0123456789ab.js"></script>' +
    '<use href="/static/icons.0123456789ab.svg#pin"></use><a href="/desk/">x</a>';
  assert.deepEqual(filesOf(html), [
    "/static/icons.0123456789ab.svg",
    "/static/a.0123456789ab.css",
    "/static/b.0123456789ab.js",
  ]);
});
