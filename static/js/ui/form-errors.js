// @ts-check
// The errors of a form as the server wrote them, put into the page without loading it anew: photos and typing stay.

/**
 * Takes the summary (#errors) and the errors of each [data-field] from an answer, and moves the focus to the summary.
 * @param {string} html the page as the server answered
 */
export function takeErrors(html) {
  const answer = new DOMParser().parseFromString(html, "text/html");
  const summary = document.getElementById("errors");
  const fresh = answer.getElementById("errors");
  if (!summary || !fresh) return false;
  summary.replaceChildren(...fresh.childNodes);
  for (const holder of document.querySelectorAll("[data-field]")) {
    const name = holder.getAttribute("data-field");
    const from = answer.querySelector(`[data-field="${name}"] > .field`);
    const to = holder.querySelector(":scope > .field");
    if (from && to) takeField(from, to);
  }
  const box = summary.querySelector(".error-summary");
  if (box instanceof HTMLElement) {
    box.focus({ preventScroll: true });
    box.scrollIntoView({ block: "start" });
  }
  return box !== null;
}

/**
 * Takes the error of a field away once it is mended; the summary stays as the record of what was sent.
 * @param {string} name
 */
export function forgive(name) {
  const field = document.querySelector(`[data-field="${name}"] > .field--error`);
  const error = field?.querySelector(":scope > .field-error");
  if (!field || !error) return;
  for (const control of field.querySelectorAll("[aria-invalid]")) {
    control.removeAttribute("aria-invalid");
    const described = (control.getAttribute("aria-describedby") || "").split(" ").filter((id) => id && id !== error.id);
    control.setAttribute("aria-describedby", described.join(" "));
  }
  field.classList.remove("field--error");
  error.remove();
}

/**
 * @param {Element} from
 * @param {Element} to
 */
function takeField(from, to) {
  to.className = from.className;
  to.querySelector(":scope > .field-error")?.remove();
  const error = from.querySelector(":scope > .field-error");
  if (error) {
    const before = [...to.children].find((child) => !child.matches("label, legend, .field-hint"));
    to.insertBefore(error, before || null);
  }
  for (const control of to.querySelectorAll("input, select, textarea")) {
    const same = control.id ? from.querySelector(`#${CSS.escape(control.id)}`) : null;
    for (const attribute of ["aria-invalid", "aria-describedby"]) {
      const value = same?.getAttribute(attribute);
      if (value) control.setAttribute(attribute, value);
      else if (same) control.removeAttribute(attribute);
    }
  }
}
