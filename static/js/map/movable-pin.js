// @ts-check
// A pin that is dragged, or set by a press on the map, to where something truly is.
import { L } from "./leaflet.js";

/**
 * @param {any} map
 * @param {object} options
 * @param {{lat: number, lon: number}} options.at
 * @param {string} options.icons address of the icon sprite
 * @param {string} options.label for who cannot see it
 * @param {(spot: {lat: number, lon: number}) => void} options.onMove
 */
export function movablePin(map, { at, icons, label, onMove }) {
  const marker = L.marker([at.lat, at.lon], {
    draggable: true,
    autoPan: true,
    keyboard: false, // whoever has no pointer types the position
    alt: label,
    title: label,
    zIndexOffset: 20_000,
    icon: L.divIcon({
      className: "map-pin map-pin--movable",
      iconSize: [44, 44],
      iconAnchor: [22, 42],
      html: `<svg class="icon" aria-hidden="true"><use href="${icons}#pin"></use></svg>`,
    }),
  }).addTo(map);
  const tell = () => {
    const { lat, lng } = marker.getLatLng();
    onMove({ lat, lon: lng });
  };
  /** @param {any} event */
  const pressed = ({ latlng }) => {
    marker.setLatLng(latlng);
    tell();
  };
  marker.on("dragend", tell);
  map.on("click", pressed);
  return {
    /** @param {{lat: number, lon: number}} spot */
    put: ({ lat, lon }) => marker.setLatLng([lat, lon]),
    remove() {
      map.off("click", pressed);
      marker.remove();
    },
  };
}
