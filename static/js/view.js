/**
 * Which messages of a branch the model was shown, as its last answer recorded it. What is drawn is what
 * was sent: nothing is estimated here. Mirror of conversations/view.py.
 *
 * @typedef {import("./tree.js").Message} Message
 * @typedef {{view: "start" | "out" | "kept", above: number}} Mark
 *   start: where the view begins, below so many messages that are no longer sent; kept: pinned
 */
import { ngettext } from "./i18n.js";

/** @param {readonly Message[]} thread @returns {Map<string, Mark>} by the id of the message */
export function marks(thread) {
  const shown = contextOf(thread);
  /** @type {Map<string, Mark>} */
  const found = new Map();
  const start = shown ? thread.findIndex((message) => message.uuid === shown.from) : -1;
  if (!shown || start < 1) return found;
  for (const { uuid } of thread.slice(0, start))
    found.set(uuid, { view: shown.kept.includes(uuid) ? "kept" : "out", above: 0 });
  const first = thread[start];
  if (first && shown.left_out) found.set(first.uuid, { view: "start", above: shown.left_out });
  return found;
}

/** What the newest answer that knows it was written from. @param {readonly Message[]} thread */
export function contextOf(thread) {
  return thread.findLast((message) => message.generation?.context)?.generation?.context ?? null;
}

/** @param {number} above */
export function lineWords(above) {
  return ngettext(
    "The message above is no longer sent to the model.",
    "%(count)s messages above are no longer sent to the model.",
    above,
  );
}
