// @ts-check
// Photos made smaller before they are sent, with what the camera wrote carried along.
import { findExif, positionOf, upright, withExif } from "./exif.js";

const MAX_SIDE = 2048;
const SMALL_ENOUGH = 1_500_000;
const QUALITY = 0.85;
const HEAD = 131_072;

/**
 * The size of a picture that fits a square.
 * @param {number} width
 * @param {number} height
 * @param {number} side
 */
export function fitted(width, height, side = MAX_SIDE) {
  const scale = Math.min(1, side / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/**
 * A photo fit to be sent, and where it says it was taken. What the browser cannot read stays as it is: the server decides.
 * @param {File} file
 * @returns {Promise<{file: File, position: {lat: number, lon: number} | null}>}
 */
export async function prepared(file) {
  const tiff = findExif(new Uint8Array(await file.slice(0, HEAD).arrayBuffer()));
  const position = tiff && positionOf(tiff);
  try {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
    const small = fitted(bitmap.width, bitmap.height);
    if (small.width === bitmap.width && file.size <= SMALL_ENOUGH) return { file, position };
    const canvas = Object.assign(document.createElement("canvas"), small);
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    context.fillStyle = "#fff";
    context.fillRect(0, 0, small.width, small.height);
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, small.width, small.height);
    bitmap.close();
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
    canvas.width = 0; // gives the memory back at once
    if (!(blob instanceof Blob) || blob.size >= file.size) return { file, position };
    const jpeg = new Uint8Array(await blob.arrayBuffer());
    const bytes = tiff ? withExif(jpeg, upright(tiff)) : jpeg;
    const name = `${file.name.replace(/\.\w+$/, "")}.jpg`;
    return { file: new File([bytes], name, { type: "image/jpeg", lastModified: file.lastModified }), position };
  } catch {
    return { file, position };
  }
}
