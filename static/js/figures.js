/**
 * What an answer took, in words.
 *
 * @typedef {import("./tree.js").Generation} Generation
 */

const whole = new Intl.NumberFormat("en");
const tenths = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const dollars = new Intl.NumberFormat("en", { style: "currency", currency: "USD" });
// Most answers cost less than a cent.
const fractions = new Intl.NumberFormat("en", {
  style: "currency",
  currency: "USD",
  maximumSignificantDigits: 2,
  minimumFractionDigits: 0,
});

/**
 * Tokens, cost, how soon it began and how fast it came: for below the answer.
 * @param {Generation | null} generation
 */
export function inShort(generation) {
  const usage = generation?.usage;
  const about = usage?.estimated ? "about " : "";
  const { first_token_ms: first = null } = generation?.timings ?? {};
  const words = [];
  if (usage) words.push(`${about}${counted(sum(usage))}`);
  if (usage?.cost !== null && usage?.cost !== undefined) words.push(`${about}${price(Number(usage.cost))}`);
  if (first !== null) words.push(`first words after ${duration(first)}`);
  const speed = rate(generation);
  if (speed) words.push(`${about}${whole.format(speed)} tokens/s`);
  return words.join(" · ");
}

/** Where the tokens went, and how long it took. @param {Generation | null} generation */
export function inFull(generation) {
  const usage = generation?.usage;
  const total = generation?.timings?.total_ms ?? 0;
  const words = [];
  if (usage) {
    const about = usage.estimated ? "about " : "";
    words.push(`${about}${counted(usage.input_tokens ?? 0)} read`);
    if (usage.cache_read_tokens) words.push(`${about}${whole.format(usage.cache_read_tokens)} from the cache`);
    if (usage.cache_write_tokens) words.push(`${about}${whole.format(usage.cache_write_tokens)} into the cache`);
    words.push(`${about}${whole.format(usage.output_tokens ?? 0)} written`);
    if (usage.cost === null) words.push("the price is not known");
  }
  if (total) words.push(`${duration(total)} in all`);
  return words.join(" · ");
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
  return `${whole.format(tokens)} ${tokens === 1 ? "token" : "tokens"}`;
}

/** @param {number} ms */
function duration(ms) {
  return ms < 100 ? `${ms} ms` : `${tenths.format(ms / 1000)} s`;
}

/** @param {number} cost US dollars */
function price(cost) {
  return cost < 0.1 ? fractions.format(cost) : dollars.format(cost);
}
