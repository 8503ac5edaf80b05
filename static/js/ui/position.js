// @ts-check
// The device's position, with sentences for every way in which it can fail.

/** @typedef {import("../lib/words.js").Words} Words */

const CODES = ["", "positionDenied", "positionUnavailable", "positionTimeout"];

/**
 * Where the device says it is. Rejects with an Error whose message is a sentence for the reader.
 * @param {Words} words with positionDenied, positionUnavailable, positionTimeout
 * @returns {Promise<{lat: number, lon: number, accuracy: number}>}
 */
export function askPosition(words) {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) {
      reject(new Error(words("positionUnavailable")));
      return;
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve({ lat: coords.latitude, lon: coords.longitude, accuracy: Math.round(coords.accuracy) }),
      ({ code }) => reject(new Error(words(CODES[code] || "positionUnavailable"))),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 30_000 },
    );
  });
}
