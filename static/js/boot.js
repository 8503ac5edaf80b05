// Before the first paint: this browser runs our scripts (it knows modules), so what only works with them may be shown.
// Where one of them does not arrive, on a bad line, the page goes back to what works without.
if ("noModule" in HTMLScriptElement.prototype) {
  document.documentElement.classList.add("js");
  window.addEventListener(
    "error",
    (event) => {
      if (event.target instanceof HTMLScriptElement) document.documentElement.classList.remove("js");
    },
    true,
  );
}
