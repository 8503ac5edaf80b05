// @ts-check
// Names on a canvas of their own, with a halo, placed anew after every move; hidden while the map zooms.
import { withRoom } from "../lib/labels.js";
import { L } from "./leaflet.js";

/**
 * @typedef {object} Name
 * @property {string} text
 * @property {number} lon
 * @property {number} lat
 * @property {number} [room] how wide it may be at most (degrees)
 * @property {number} weight
 * @property {boolean} [strong]
 */

const LINE = 16;
const ROOM = 8;

/**
 * @param {{pane: string, colours: () => Record<string, string>}} options
 */
export function labelLayer({ pane, colours }) {
  /** @type {Name[]} */
  let names = [];
  /** @type {{lon: number, lat: number, size: number}[]} */
  let obstacles = [];
  const canvas = document.createElement("canvas");
  canvas.className = "leaflet-zoom-hide";
  canvas.setAttribute("aria-hidden", "true");
  /** @type {any} */
  let map = null;

  const Layer = L.Layer.extend({
    onAdd(/** @type {any} */ to) {
      map = to;
      map.getPane(pane).appendChild(canvas);
      map.on("moveend resize", draw);
      draw();
    },
    onRemove() {
      map.off("moveend resize", draw);
      canvas.remove();
      map = null;
    },
    setLabels(/** @type {Name[]} */ labels) {
      names = labels;
      draw();
    },
    setObstacles(/** @type {{lon: number, lat: number, size: number}[]} */ discs) {
      obstacles = discs;
      draw();
    },
    redraw: () => draw(),
  });

  function draw() {
    if (!map) return;
    const size = map.getSize();
    const ratio = Math.min(window.devicePixelRatio || 1, 2);
    L.DomUtil.setPosition(canvas, map.containerPointToLayerPoint([0, 0]));
    canvas.width = Math.round(size.x * ratio);
    canvas.height = Math.round(size.y * ratio);
    canvas.style.width = `${size.x}px`;
    canvas.style.height = `${size.y}px`;
    const context = canvas.getContext("2d");
    if (!context) return;
    context.scale(ratio, ratio);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = 3.5;
    const family = getComputedStyle(document.body).fontFamily;
    const { label, halo } = colours();
    const measured = names
      .map((name) => {
        context.font = fontOf(name, family);
        const at = map.latLngToContainerPoint([name.lat, name.lon]);
        return { ...name, x: at.x, y: at.y, width: context.measureText(name.text).width, height: LINE };
      })
      .filter(
        ({ x, width, lat, lon, room }) => !room || map.latLngToContainerPoint([lat, lon + room]).x - x >= width + ROOM,
      );
    const taken = obstacles.map(({ lon, lat, size: width }) => {
      const at = map.latLngToContainerPoint([lat, lon]);
      return { x: at.x, y: at.y, width: width - 6, height: width - 6 };
    });
    const frame = map.getContainer().getBoundingClientRect();
    for (const control of map.getContainer().querySelectorAll(".leaflet-control")) {
      const box = control.getBoundingClientRect();
      taken.push({
        x: box.left - frame.left + box.width / 2,
        y: box.top - frame.top + box.height / 2,
        width: box.width,
        height: box.height,
      });
    }
    for (const name of withRoom(measured, { width: size.x, height: size.y }, taken)) {
      context.font = fontOf(name, family);
      context.strokeStyle = halo;
      context.fillStyle = label;
      context.strokeText(name.text, name.x, name.y);
      context.fillText(name.text, name.x, name.y);
    }
  }

  return new Layer();
}

/**
 * @param {Name} name
 * @param {string} family
 */
function fontOf(name, family) {
  return `${name.strong ? 600 : 400} ${name.strong ? 13 : 12}px ${family}`;
}
