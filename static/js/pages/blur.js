// Drawing areas over a photo with pointer or keyboard. What is sent are the areas; the server blurs by itself.
import { drawn, isMeant, moved, resized } from "../lib/areas.js";

const STEP = 0.01;
const NEW = /** @type {import("../lib/areas.js").Area} */ ([0.4, 0.4, 0.2, 0.2]);
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const stage = /** @type {HTMLElement} */ (document.getElementById("stage"));
const field = /** @type {HTMLInputElement} */ (document.getElementById("areas"));
const preview = /** @type {HTMLButtonElement} */ (document.getElementById("preview"));
const said = /** @type {HTMLElement} */ (document.getElementById("said"));

/** Each area with the element that shows it.
 * @type {Map<HTMLElement, import("../lib/areas.js").Area>} */
const areas = new Map();

function write() {
  field.value = JSON.stringify([...areas.values()]);
  [...areas.keys()].forEach((box, index) => {
    const [left, top, width, height] = (areas.get(box) ?? NEW).map((share) => Math.round(share * 100));
    const label = stage.dataset.area ?? "";
    const words = { number: index + 1, left, top, width, height };
    box.setAttribute(
      "aria-label",
      label.replace(/\{(\w+)\}/g, (_all, name) => String(words[/** @type {keyof words} */ (name)])),
    );
  });
}

/** @param {HTMLElement} box @param {import("../lib/areas.js").Area} area */
function put(box, area) {
  areas.set(box, area);
  const [left, top, width, height] = area.map((share) => `${share * 100}%`);
  Object.assign(box.style, { left, top, width, height });
  write();
}

/** @param {import("../lib/areas.js").Area} area */
function add(area) {
  const box = document.createElement("div");
  box.className = "blur-area";
  box.tabIndex = 0;
  box.setAttribute("role", "img");
  box.setAttribute("aria-describedby", "blur-help");
  box.classList.toggle("is-plain", preview.getAttribute("aria-pressed") !== "true");
  const corner = document.createElement("span");
  corner.className = "blur-corner";
  box.append(corner);
  stage.append(box);
  put(box, area);
  box.addEventListener("keydown", (event) => byKey(event, box));
  return box;
}

/** @param {HTMLElement} box */
function remove(box) {
  const left = [...areas.keys()];
  const next = left[left.indexOf(box) + 1] ?? left[left.indexOf(box) - 1];
  areas.delete(box);
  box.remove();
  write();
  said.textContent = stage.dataset.removed ?? "";
  (next ?? document.getElementById("add"))?.focus();
}

/** @param {KeyboardEvent} event @param {HTMLElement} box */
function byKey(event, box) {
  if (event.key === "Delete" || event.key === "Backspace") {
    event.preventDefault();
    remove(box);
    return;
  }
  const way = MOVES[/** @type {keyof typeof MOVES} */ (event.key)];
  if (!way) return;
  event.preventDefault();
  const [dx, dy] = way.map((side) => side * STEP);
  put(box, (event.shiftKey ? resized : moved)(areas.get(box) ?? NEW, dx, dy));
  said.textContent = box.getAttribute("aria-label") ?? "";
}

/** @param {PointerEvent} event */
function spot(event) {
  const frame = stage.getBoundingClientRect();
  return { x: (event.clientX - frame.left) / frame.width, y: (event.clientY - frame.top) / frame.height };
}

stage.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  event.preventDefault();
  const target = /** @type {HTMLElement} */ (event.target);
  const held = /** @type {HTMLElement | null} */ (target.closest(".blur-area"));
  const byCorner = target.classList.contains("blur-corner");
  const from = spot(event);
  const box = held ?? add(drawn(from, from));
  const first = areas.get(box) ?? NEW;
  box.focus();
  stage.setPointerCapture(event.pointerId);

  /** @param {PointerEvent} move */
  const follow = (move) => {
    const now = spot(move);
    if (!held) put(box, drawn(from, now));
    else put(box, (byCorner ? resized : moved)(first, now.x - from.x, now.y - from.y));
  };
  const end = () => {
    stage.removeEventListener("pointermove", follow);
    stage.removeEventListener("pointerup", end);
    stage.removeEventListener("pointercancel", end);
    if (!isMeant(areas.get(box) ?? NEW)) remove(box);
  };
  stage.addEventListener("pointermove", follow);
  stage.addEventListener("pointerup", end);
  stage.addEventListener("pointercancel", end);
});

document.getElementById("add")?.addEventListener("click", () => add(NEW).focus());

preview.addEventListener("click", () => {
  const isOn = preview.getAttribute("aria-pressed") !== "true";
  preview.setAttribute("aria-pressed", String(isOn));
  for (const box of areas.keys()) box.classList.toggle("is-plain", !isOn);
});

for (const area of JSON.parse(document.getElementById("blurs")?.textContent ?? "[]")) add(area);
write();
