// @ts-check
// What a camera wrote into a JPEG: read where it was taken, and carry the block over to a smaller copy, turned upright.
// The server reads and removes it; it must not get lost on the way because we made the photo smaller.

const SOI = 0xffd8;
const APP1 = 0xffe1;
const SOS = 0xffda;
const EXIF = [0x45, 0x78, 0x69, 0x66, 0, 0];
const ORIENTATION = 0x0112;
const GPS = 0x8825;
const [LAT_REF, LAT, LON_REF, LON] = [1, 2, 3, 4];

/**
 * The EXIF block (TIFF) of a JPEG, or null. The beginning of the file (its first 128 KB) is enough.
 * @param {Uint8Array} jpeg
 * @returns {Uint8Array | null}
 */
export function findExif(jpeg) {
  const view = new DataView(jpeg.buffer, jpeg.byteOffset, jpeg.byteLength);
  if (jpeg.length < 4 || view.getUint16(0) !== SOI) return null;
  for (let at = 2; at + 4 <= jpeg.length; ) {
    const marker = view.getUint16(at);
    const length = view.getUint16(at + 2);
    if (marker < 0xff00 || marker === SOS || length < 2 || at + 2 + length > jpeg.length) return null;
    const body = at + 4;
    if (marker === APP1 && EXIF.every((byte, index) => jpeg[body + index] === byte)) {
      return jpeg.slice(body + EXIF.length, at + 2 + length);
    }
    at += 2 + length;
  }
  return null;
}

/**
 * Where the photo was taken, in degrees; null where it does not say, or nothing that can be true.
 * @param {Uint8Array} tiff
 * @returns {{lat: number, lon: number} | null}
 */
export function positionOf(tiff) {
  const read = reader(tiff);
  const start = read?.directory(read.first).get(GPS)?.value;
  if (!read || !start) return null;
  const gps = read.directory(start);
  const lat = degrees(read, gps, LAT, LAT_REF, "S");
  const lon = degrees(read, gps, LON, LON_REF, "W");
  if (lat === null || lon === null || Math.abs(lat) > 90 || Math.abs(lon) > 180 || (lat === 0 && lon === 0))
    return null;
  return { lat, lon };
}

/**
 * A copy of the block that says that the picture stands upright: a canvas has turned it already.
 * @param {Uint8Array} tiff
 */
export function upright(tiff) {
  const copy = tiff.slice();
  const read = reader(copy);
  const entry = read?.directory(read.first).get(ORIENTATION);
  if (read && entry) read.view.setUint16(entry.at + 8, 1, read.little);
  return copy;
}

/**
 * A JPEG with an EXIF block in front; as it was where the block is too large for one.
 * @param {Uint8Array} jpeg
 * @param {Uint8Array} tiff
 */
export function withExif(jpeg, tiff) {
  const length = 2 + EXIF.length + tiff.length;
  if (length > 0xffff || jpeg.length < 2 || jpeg[0] !== 0xff || jpeg[1] !== 0xd8) return jpeg;
  const made = new Uint8Array(jpeg.length + 2 + length);
  made.set([0xff, 0xd8, 0xff, 0xe1, length >> 8, length & 0xff, ...EXIF]);
  made.set(tiff, 6 + EXIF.length);
  made.set(jpeg.subarray(2), 6 + EXIF.length + tiff.length);
  return made;
}

/** @param {Uint8Array} tiff */
function reader(tiff) {
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  if (tiff.length < 8) return null;
  const order = view.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return null;
  const little = order === 0x4949;
  if (view.getUint16(2, little) !== 42) return null;
  return {
    view,
    little,
    first: view.getUint32(4, little),
    /**
     * The entries of a directory, by tag; an empty map where it lies outside.
     * @param {number} start
     */
    directory(start) {
      /** @type {Map<number, {at: number, value: number, count: number}>} */
      const entries = new Map();
      if (start + 2 > tiff.length) return entries;
      const count = view.getUint16(start, little);
      for (let index = 0; index < count; index += 1) {
        const at = start + 2 + index * 12;
        if (at + 12 > tiff.length) break;
        entries.set(view.getUint16(at, little), {
          at,
          value: view.getUint32(at + 8, little),
          count: view.getUint32(at + 4, little),
        });
      }
      return entries;
    },
  };
}

/**
 * Degrees, minutes and seconds as degrees; null where they are missing or broken.
 * @param {NonNullable<ReturnType<typeof reader>>} read
 * @param {Map<number, {at: number, value: number, count: number}>} gps
 * @param {number} tag
 * @param {number} refTag
 * @param {string} negative
 */
function degrees(read, gps, tag, refTag, negative) {
  const entry = gps.get(tag);
  const ref = gps.get(refTag);
  if (!entry || !ref || entry.count !== 3 || entry.value + 24 > read.view.byteLength) return null;
  let sum = 0;
  for (let part = 0; part < 3; part += 1) {
    const at = entry.value + part * 8;
    const below = read.view.getUint32(at + 4, read.little);
    const above = read.view.getUint32(at, read.little);
    if (below === 0) return null;
    sum += above / below / 60 ** part;
  }
  const sign = String.fromCharCode(read.view.getUint8(ref.at + 8)) === negative ? -1 : 1;
  return Number((sign * sum).toFixed(6));
}
