// @ts-check
// After filing: the private link copied, the page printed.
import { pageWords } from "../ui/page.js";
import { toast } from "../ui/toast.js";

const words = pageWords("report-words");
const link = /** @type {HTMLInputElement} */ (document.getElementById("link"));

link.addEventListener("focus", () => link.select());
document.getElementById("copy")?.addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(link.value);
    toast(words("copied"));
  } catch {
    link.focus();
    toast(words("copyFailed"));
  }
});
document.getElementById("print")?.addEventListener("click", () => print());
