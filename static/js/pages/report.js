// @ts-check
// A report: its small map, photos before and after, sharing.
import { areaLayer } from "../map/area.js";
import { createMap } from "../map/basemap.js";
import { hasLeaflet } from "../map/leaflet.js";
import { pin } from "../map/pin.js";
import { whyMap } from "../map/why.js";
import { icons, lang, pageConfig, pageWords } from "../ui/page.js";
import { toast } from "../ui/toast.js";

const words = pageWords("map-words", "report-words");
const spot = pageConfig("map-config");
const { lat, lon, accuracy, code, on } = spot;

const element = document.getElementById("map");
if (element && hasLeaflet) {
  // Our own map has no streets: further in there is nothing to see; outside all units one looks from further off
  const zoom = !code ? 8 : accuracy > 1500 ? 11 : !element.dataset.tileUrl ? 12 : accuracy > 300 ? 13 : 15;
  const { map, base } = createMap(element, {
    words,
    lang,
    at: { lat, lon, zoom },
    on: on || undefined,
    scrollZoom: false,
  });
  pin(map, { lat, lon, accuracy, icons });
  base.avoid([{ lat, lon, size: 50 }]);
  if (code)
    areaLayer(map, { fill: false })
      .show(code, { on, lang })
      .catch(() => {});
}

// Leaflet needs a size to draw into: the map of the reasons is made when they are first opened
const why = document.getElementById("why");
const whyElement = document.getElementById("why-map");
if (why instanceof HTMLDetailsElement && whyElement && hasLeaflet) {
  const draw = () =>
    why.open && !whyElement.classList.contains("leaflet-container") && whyMap(whyElement, spot, { words, lang, icons });
  why.addEventListener("toggle", draw);
  draw();
}

const compare = document.querySelector("#compare .before-after");
const range = compare?.querySelector("input");
if (compare instanceof HTMLElement && range) {
  range.addEventListener("input", () => compare.style.setProperty("--cut", `${range.value}%`));
}

const share = document.getElementById("share");
share?.addEventListener("click", async () => {
  const { address: url = location.href, title = document.title } = share.dataset;
  try {
    if (navigator.share) await navigator.share({ url, title });
    else {
      await navigator.clipboard.writeText(url);
      toast(words("copied"));
    }
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "AbortError")) toast(words("copyFailed"));
  }
});
