/**
 * Words, numbers and times in the language of the page. The keys are the English texts: where the page
 * has no catalogue, and in tests, they are what is said.
 *
 * @typedef {Record<string, string | string[]>} Catalogue  a list: one text for each plural form
 * @typedef {Record<string, string | number>} Values  of the placeholders: %(name)s
 */

/** @type {Catalogue | null} */
let known = null;

/** @returns {Catalogue} */
function catalogue() {
  // Not kept before there is a page: modules may be loaded without one.
  if (typeof document === "undefined") return {};
  known ??= JSON.parse(document.getElementById("catalogue")?.textContent || "{}");
  return /** @type {Catalogue} */ (known);
}

/** The language of the page, for Intl. */
export function language() {
  return (typeof document === "undefined" ? "" : document.documentElement.lang) || "en";
}

/** @param {string} text in English @param {Values} [values] */
export function gettext(text, values = {}) {
  return interpolate(said(text) ?? text, values);
}

/**
 * Where one English text means two things.
 * @param {string} context @param {string} text in English @param {Values} [values]
 */
export function pgettext(context, text, values = {}) {
  return interpolate(said(`${context}\u0004${text}`) ?? text, values);
}

/**
 * `%(count)s` is the number, as the language writes it.
 * @param {string} one @param {string} many both in English @param {number} count @param {Values} [values]
 */
export function ngettext(one, many, count, values = {}) {
  const forms = catalogue()[one];
  const chosen = Array.isArray(forms) ? forms[form(count, forms.length)] : undefined;
  return interpolate(chosen ?? (count === 1 ? one : many), { count: number(count), ...values });
}

/** @param {string} key */
function said(key) {
  const found = catalogue()[key];
  return typeof found === "string" && found ? found : undefined;
}

/** In the order in which gettext numbers them, too. */
const CATEGORIES = /** @type {const} */ (["zero", "one", "two", "few", "many", "other"]);

/** Which plural form the language has for so many. @param {number} count @param {number} of how many forms */
function form(count, of) {
  const rules = new Intl.PluralRules(language());
  const there = rules.resolvedOptions().pluralCategories;
  const ordered = CATEGORIES.filter((category) => there.includes(category));
  return Math.min(ordered.indexOf(rules.select(count)), of - 1);
}

/** @param {string} text @param {Values} values */
function interpolate(text, values) {
  return text.replace(/%\((\w+)\)s/g, (whole, name) => String(values[name] ?? whole));
}

/** @param {number} value @param {Intl.NumberFormatOptions} [options] */
export function number(value, options) {
  return new Intl.NumberFormat(language(), options).format(value);
}

/** @param {string | number | Date} moment @param {Intl.DateTimeFormatOptions} [options] */
export function moment(moment, options = { dateStyle: "medium", timeStyle: "short" }) {
  return new Intl.DateTimeFormat(language(), options).format(new Date(moment));
}

/** "a, b and c", as the language says it. @param {string[]} words */
export function list(words) {
  return new Intl.ListFormat(language(), { type: "conjunction" }).format(words);
}
