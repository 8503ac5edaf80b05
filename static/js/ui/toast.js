// @ts-check
// A short answer to an action, read out by screen readers, gone after a while; with an action it stays longer.

/**
 * @param {string} text
 * @param {{action?: string, onAction?: () => void, seconds?: number}} [options]
 */
export function toast(text, { action, onAction, seconds = action ? 10 : 6 } = {}) {
  const holder = document.getElementById("toasts");
  if (!holder) return;
  const element = document.createElement("div");
  element.className = "toast";
  const words = document.createElement("span");
  words.textContent = text;
  element.append(words);
  if (action && onAction) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = action;
    button.addEventListener("click", () => {
      element.remove();
      onAction();
    });
    element.append(button);
  }
  holder.replaceChildren(element);
  setTimeout(() => element.remove(), seconds * 1000);
}
