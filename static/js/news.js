/**
 * What came to a conversation since somebody looked away from its end. It counts what a reader would:
 * paragraphs, and without a whole new one only that there is more.
 *
 * @typedef {{message: Element | null, blocks: number, length: number}} Mark
 *   the last message then, how many blocks it had, and how many characters the last one of them
 */
import { gettext, ngettext } from "./i18n.js";

/** @param {Element} thread @returns {Mark} what is there now */
export function mark(thread) {
  const message = thread.lastElementChild;
  const text = textOf(message);
  return { message, blocks: text?.childElementCount ?? 0, length: lengthOf(text?.lastElementChild) };
}

/** @param {Element} thread @param {Mark} since @returns {string} nothing where nothing came */
export function news(thread, since) {
  // Where the branch is another one, nothing of it came below.
  if (since.message && since.message.parentElement !== thread) return "";
  let blocks = 0;
  for (let message = thread.lastElementChild; message && message !== since.message; message = message.previousElementSibling)
    blocks += Math.max(1, textOf(message)?.childElementCount ?? 0);
  const text = textOf(since.message);
  blocks += (text?.childElementCount ?? 0) - since.blocks;
  if (blocks > 0) return ngettext("%(count)s new paragraph", "%(count)s new paragraphs", blocks);
  return lengthOf(text?.lastElementChild) > since.length ? gettext("New text") : "";
}

/** @param {Element | null} message */
function textOf(message) {
  return message?.querySelector('[data-part="text"]') ?? null;
}

/** @param {Element | null | undefined} block */
function lengthOf(block) {
  return block?.textContent?.length ?? 0;
}
