// @ts-check
// One unit on the map.
import { areaLayer } from "../map/area.js";
import { createMap } from "../map/basemap.js";
import { hasLeaflet } from "../map/leaflet.js";
import { lang, pageConfig, pageWords } from "../ui/page.js";
import { tellTimes } from "../ui/times.js";
import { toast } from "../ui/toast.js";

const words = pageWords("map-words");
const element = document.getElementById("map");
const { code, level, on, bbox } = pageConfig("map-config");

tellTimes(document, lang);
if (element && hasLeaflet) {
  const { map } = createMap(element, { words, lang, bbox, on: on || undefined, scrollZoom: false });
  areaLayer(map)
    .show(code, { on, level, lang })
    .catch(() => toast(words("baseFailed")));
}
