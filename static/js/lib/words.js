// @ts-check
// Words for scripts stand in the page as data attributes, where the template translates them.

/** @typedef {(name: string, values?: Record<string, string | number>) => string} Words */

/**
 * A look-up of words: `words("found", {count: 3})` takes "foundOne" or "foundOther" where there are such, and fills in `{count}`.
 * A word that is missing comes back as its name, so that it is seen and mended.
 * @param {Record<string, string | undefined>} source a dataset
 * @param {string} lang
 * @returns {Words}
 */
export function wordsFrom(source, lang) {
  const plural = new Intl.PluralRules(lang);
  return (name, values = {}) => {
    const form = typeof values.count === "number" ? plural.select(values.count) : "other";
    const text = source[`${name}${form === "one" ? "One" : "Other"}`] ?? source[`${name}Other`] ?? source[name] ?? name;
    return text.replace(/\{(\w+)\}/g, (_, key) =>
      String(key === "count" && values.shown ? values.shown : (values[key] ?? "")),
    );
  };
}
