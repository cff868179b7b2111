/**
 * What an answer has beside its text, as it is told while the answer is written.
 *
 * @import { Citation, Notice, Parts, Tool } from "./protocol.js"
 */

/** @param {Notice} update */
export function isPart(update) {
  return update.code === "citation" || update.code === "tool_use";
}

/** @param {Parts | null | undefined} parts @param {Notice} update of a part @returns {Parts} */
export function extended(parts, update) {
  const { citations, tools, redacted } = parts ?? { citations: [], tools: [], redacted: false };
  if (update.code === "citation")
    return { citations: [...citations, /** @type {Citation} */ (update.data)], tools, redacted };
  return { citations, tools: [...tools, /** @type {Tool} */ (update.data)], redacted };
}
