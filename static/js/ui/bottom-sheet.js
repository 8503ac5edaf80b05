// @ts-check
// A panel that on phones stands at the lower edge and is drawn up; on wide screens the style sheet makes it a column and this does nothing.
import { nextStop, restOf, stops } from "../lib/sheet.js";

/**
 * @param {HTMLElement} sheet
 * @param {{handle: HTMLButtonElement, grip: HTMLElement, peek: HTMLElement, room: () => number, onRest?: (stop: import("../lib/sheet.js").Stop) => void}} options
 *   `handle`: the button; `grip`: what a finger may draw; `peek`: the part that always stays in sight; `room`: the height that the sheet may take
 */
export function bottomSheet(sheet, { handle, grip, peek, room, onRest }) {
  const narrow = matchMedia("(max-width: 59.99rem)");
  /** @type {import("../lib/sheet.js").Stop} */
  let stop = "peek";

  const heights = () => stops(room(), peek.offsetTop + peek.offsetHeight);

  /** @param {import("../lib/sheet.js").Stop} to */
  function rest(to) {
    stop = to;
    sheet.dataset.stop = to;
    handle.setAttribute("aria-expanded", String(to !== "peek"));
    if (narrow.matches) sheet.style.setProperty("--height", `${heights()[to]}px`);
    else sheet.style.removeProperty("--height");
    onRest?.(to);
  }

  handle.addEventListener("click", () => {
    if (moved) return;
    rest(nextStop(stop));
  });
  handle.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && stop !== "peek") rest("peek");
  });

  let moved = false;
  grip.addEventListener("pointerdown", (down) => {
    if (!narrow.matches || !down.isPrimary) return;
    const from = sheet.getBoundingClientRect().height;
    let last = { y: down.clientY, time: down.timeStamp };
    let speed = 0;
    moved = false;
    const move = (/** @type {PointerEvent} */ event) => {
      const height = from + down.clientY - event.clientY;
      if (Math.abs(event.clientY - down.clientY) > 6 && !moved) {
        moved = true;
        sheet.classList.add("is-dragged");
        grip.setPointerCapture(down.pointerId);
      }
      if (!moved) return;
      if (event.timeStamp > last.time) speed = (last.y - event.clientY) / (event.timeStamp - last.time);
      last = { y: event.clientY, time: event.timeStamp };
      const at = heights();
      sheet.style.setProperty("--height", `${Math.max(at.peek, Math.min(at.full, height))}px`);
    };
    const up = (/** @type {PointerEvent} */ event) => {
      grip.removeEventListener("pointermove", move);
      grip.removeEventListener("pointerup", up);
      grip.removeEventListener("pointercancel", up);
      sheet.classList.remove("is-dragged");
      if (!moved) return;
      rest(restOf(from + down.clientY - event.clientY, speed, heights()));
      setTimeout(() => {
        moved = false;
      });
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("pointerup", up);
    grip.addEventListener("pointercancel", up);
  });

  narrow.addEventListener("change", () => rest(stop));
  window.addEventListener("resize", () => rest(stop));
  rest("peek");
  return { rest, stop: () => stop };
}
