// Every pair of colours that words or signs are written in, in both themes (WCAG 2.2: 4.5 for text, 3 for what must be made out).
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

const css = readFileSync(new URL("../../static/css/tokens.css", import.meta.url), "utf8");
const [lightCss, darkCss] = css.split("@media (prefers-color-scheme: dark)");

const tokens = (text) =>
  Object.fromEntries([...text.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, value]) => [name, value]));
const light = tokens(lightCss);
const themes = { light, dark: { ...light, ...tokens(darkCss) } };

const channel = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
const luminance = (hex) => {
  const [r, g, b] = [1, 3, 5].map((at) => channel(Number.parseInt(hex.slice(at, at + 2), 16) / 255));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const contrast = (a, b) => {
  const [dark, bright] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (bright + 0.05) / (dark + 0.05);
};

const words = [];
for (const ground of ["ground", "surface", "sunken", "brand-weak"])
  words.push(["text", ground], ["text-quiet", ground], ["link", ground]);
for (const kind of ["danger", "warning", "success", "info"])
  words.push([kind, "surface"], [kind, `${kind}-weak`], ["text", `${kind}-weak`]);
for (const status of ["new", "triage", "progress", "waiting", "resolved", "returned", "overdue"]) {
  words.push([`status-${status}`, `status-${status}-weak`], [`status-${status}`, "surface"]);
}
words.push(
  ["on-brand", "brand"],
  ["on-brand", "brand-strong"],
  ["brand-strong", "brand-weak"],
  ["surface", "text"],
  ["map-label", "map-halo"],
  ["map-label", "map-land"],
);

const signs = [];
for (const ground of ["ground", "surface"]) signs.push(["line-strong", ground], ["focus", ground]);
for (const status of ["new", "triage", "progress", "waiting", "resolved", "returned"])
  signs.push([`status-${status}`, "map-land"], [`status-${status}`, "map-sea"]);
signs.push(["map-selected", "map-land"], ["map-selected", "map-sea"]);

for (const [theme, colours] of Object.entries(themes)) {
  test(`words can be read in the ${theme} theme`, () => {
    const weak = words
      .filter(([a, b]) => contrast(colours[a], colours[b]) < 4.5)
      .map(([a, b]) => `${a} on ${b}: ${contrast(colours[a], colours[b]).toFixed(2)}`);
    assert.deepEqual(weak, []);
  });
  test(`signs can be made out in the ${theme} theme`, () => {
    const weak = signs
      .filter(([a, b]) => contrast(colours[a], colours[b]) < 3)
      .map(([a, b]) => `${a} on ${b}: ${contrast(colours[a], colours[b]).toFixed(2)}`);
    assert.deepEqual(weak, []);
  });
}
