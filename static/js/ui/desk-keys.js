// @ts-check
// Single keys that do something, except while somebody types, chooses, or holds a modifier.

/**
 * @param {Record<string, () => void>} keys
 */
export function shortcuts(keys) {
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    const isTyping = target.closest("input, textarea, select, dialog[open], .map") || target.isContentEditable;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping) return;
    const act = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
    if (!act) return;
    event.preventDefault();
    act();
  });
}
