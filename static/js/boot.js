// Before the first paint: this browser runs our scripts (it knows modules), so what only works with them may be shown.
if ("noModule" in HTMLScriptElement.prototype) {
  document.documentElement.classList.add("js");
}
