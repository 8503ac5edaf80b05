// @ts-check
// Every page of the desk: sends what waits on this phone.
import "../ui/outbox-state.js";

const element = document.getElementById("outbox");
if ("serviceWorker" in navigator && element?.dataset.worker)
  navigator.serviceWorker.register(element.dataset.worker, { type: "module", scope: "/desk/" }).catch(() => {});
