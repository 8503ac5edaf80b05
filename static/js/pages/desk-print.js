// @ts-check
// Sheets of the chosen reports: the button prints them.
document.getElementById("print")?.addEventListener("click", () => window.print());
