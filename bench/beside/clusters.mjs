// supercluster over the same points and the same viewports: node clusters.mjs POINTS.json → one line of JSON
import { readFileSync } from "node:fs";
import Supercluster from "supercluster";

const { points, boxes } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const features = points.map(([lon, lat], id) => ({ type: "Feature", id, properties: {}, geometry: { type: "Point", coordinates: [lon, lat] } }));
let start = performance.now();
const index = new Supercluster({ radius: 60, maxZoom: 16 }).load(features);
const build = performance.now() - start;
const spent = [];
for (const [bbox, zoom] of boxes) {
  start = performance.now();
  JSON.stringify(index.getClusters(bbox, zoom));
  spent.push(performance.now() - start);
}
spent.sort((one, other) => one - other);
const at = (share) => spent[Math.floor(spent.length * share)];
console.log(JSON.stringify({ build, p50: at(0.5), p95: at(0.95), memory_mb: process.memoryUsage().rss / 1e6 }));
