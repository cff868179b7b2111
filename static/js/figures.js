/**
 * What an answer took, in words.
 *
 * @typedef {import("./tree.js").Generation} Generation
 */
import { gettext, ngettext, number } from "./i18n.js";

/** @type {Intl.NumberFormatOptions} */
const DOLLARS = { style: "currency", currency: "USD" };
// Most answers cost less than a cent.
/** @type {Intl.NumberFormatOptions} */
const FRACTIONS = { ...DOLLARS, maximumSignificantDigits: 2, minimumFractionDigits: 0 };

/**
 * Tokens, cost, how soon it began and how fast it came: for below the answer.
 * @param {Generation | null} generation
 */
export function inShort(generation) {
  const usage = generation?.usage;
  const about = roughly(usage);
  const { first_token_ms: first = null } = generation?.timings ?? {};
  const words = [];
  if (usage) words.push(about(counted(sum(usage))));
  if (usage?.cost !== null && usage?.cost !== undefined) words.push(about(price(Number(usage.cost))));
  if (first !== null) words.push(gettext("first words after %(time)s", { time: duration(first) }));
  const speed = rate(generation);
  if (speed) words.push(about(gettext("%(speed)s tokens/s", { speed: number(speed) })));
  return words.join(" · ");
}

/** Where the tokens went, and how long it took. @param {Generation | null} generation */
export function inFull(generation) {
  const usage = generation?.usage;
  const total = generation?.timings?.total_ms ?? 0;
  const words = [];
  if (usage) {
    const about = roughly(usage);
    const { input_tokens: input, output_tokens: output } = usage;
    words.push(about(ngettext("%(count)s token read", "%(count)s tokens read", input ?? 0)));
    if (usage.cache_read_tokens)
      words.push(about(gettext("%(count)s from the cache", { count: number(usage.cache_read_tokens) })));
    if (usage.cache_write_tokens)
      words.push(about(gettext("%(count)s into the cache", { count: number(usage.cache_write_tokens) })));
    words.push(about(gettext("%(count)s written", { count: number(output ?? 0) })));
    if (usage.cost === null) words.push(gettext("the price is not known"));
  }
  if (total) words.push(gettext("%(time)s in all", { time: duration(total) }));
  return words.join(" · ");
}

/** @param {import("./protocol.js").Usage | null | undefined} usage @returns {(words: string) => string} */
function roughly(usage) {
  return usage?.estimated ? (words) => gettext("about %(words)s", { words }) : (words) => words;
}

/** Tokens a second from the first to the last, or 0 where that says nothing. @param {Generation | null} generation */
function rate(generation) {
  const { first_token_ms: first, total_ms: total } = generation?.timings ?? {};
  const written = generation?.usage?.output_tokens ?? 0;
  // What came at once, or in a word, has no speed.
  if (first === null || first === undefined || !total || total - first < 100 || written < 2) return 0;
  return Math.round(written / ((total - first) / 1000));
}

/** @param {import("./protocol.js").Usage} usage */
function sum(usage) {
  const { input_tokens, output_tokens, cache_read_tokens, cache_write_tokens } = usage;
  return (input_tokens ?? 0) + (output_tokens ?? 0) + (cache_read_tokens ?? 0) + (cache_write_tokens ?? 0);
}

/** @param {number} tokens */
function counted(tokens) {
  return ngettext("%(count)s token", "%(count)s tokens", tokens);
}

/** @param {number} ms */
export function duration(ms) {
  return ms < 100 ? `${number(ms)} ms` : `${number(ms / 1000, { maximumFractionDigits: 1 })} s`;
}

/** Of a wait, which nobody measures in tenths. @param {number} ms */
export function seconds(ms) {
  const past = Math.floor(ms / 1000);
  if (past < 60) return gettext("%(seconds)s s", { seconds: past });
  return gettext("%(minutes)s min %(seconds)s s", { minutes: Math.floor(past / 60), seconds: past % 60 });
}

/** @param {number} cost US dollars */
function price(cost) {
  return number(cost, cost < 0.1 ? FRACTIONS : DOLLARS);
}
