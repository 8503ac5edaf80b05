// @ts-check
// Numbers, distances and times as they are written in the page's language.

const LOCALES = { vi: "vi-VN", en: "en-GB" };

/**
 * @param {string} lang
 * @returns {string}
 */
function locale(lang) {
  return lang === "en" ? LOCALES.en : LOCALES.vi;
}

/**
 * 1518 → "1.518" (vi), "1,518" (en).
 * @param {number} n
 * @param {string} lang
 */
export function number(n, lang) {
  return n.toLocaleString(locale(lang), { useGrouping: true });
}

/**
 * 87 → "87 m"; 1540 → "1,5 km".
 * @param {number} metres
 * @param {string} lang
 */
export function distance(metres, lang) {
  if (metres < 995) return `${number(Math.round(metres), lang)} m`;
  return `${(metres / 1000).toLocaleString(locale(lang), { maximumFractionDigits: metres < 10_000 ? 1 : 0 })} km`;
}

/**
 * 4200 → "4 kB"; 1040000 → "1,0 MB" (vi), "1.0 MB" (en).
 * @param {number} bytes
 * @param {string} lang
 */
export function fileSize(bytes, lang) {
  if (bytes < 95_000) return `${number(Math.ceil(bytes / 1000), lang)} kB`;
  const megabytes = (bytes / 1_000_000).toLocaleString(locale(lang), {
    maximumFractionDigits: 1,
    minimumFractionDigits: 1,
  });
  return `${megabytes} MB`;
}

const STEPS = /** @type {[Intl.RelativeTimeFormatUnit, number][]} */ ([
  ["minute", 60],
  ["hour", 3600],
  ["day", 86_400],
]);

/**
 * How long ago, in words, for what is less than a week old; null for the rest, which is better said by its date.
 * @param {Date} then
 * @param {Date} now
 * @param {string} lang
 * @returns {string | null}
 */
export function ago(then, now, lang) {
  const seconds = (now.getTime() - then.getTime()) / 1000;
  if (seconds < -60 || seconds >= 7 * 86_400) return null;
  const words = new Intl.RelativeTimeFormat(locale(lang), { numeric: "auto" });
  let [unit, size] = STEPS[0];
  for (const step of STEPS) {
    if (seconds >= step[1]) [unit, size] = step;
  }
  return words.format(-Math.max(0, Math.floor(seconds / size)), unit);
}
