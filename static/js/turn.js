/**
 * The messages that a turn begins with, as `accepted` tells them to every tab.
 *
 * @import { Accepted } from "./protocol.js"
 * @import { Shown } from "./tree.js"
 * @typedef {import("./tree.js").Message} Message
 */

/** @param {Accepted} update @param {string} uuid @returns {Message} */
export function question(update, uuid) {
  return {
    uuid,
    parent: update.parent,
    role: "user",
    text: update.text ?? "",
    reasoning: "",
    attachments: update.attachments,
    status: "complete",
    created_at: update.created_at,
    generation: null,
  };
}

/** @param {Accepted} update @param {Message | undefined} before @returns {Message} */
export function answer(update, before) {
  /** @type {Message} */
  const fresh = {
    uuid: update.assistant_message,
    parent: update.user_message ?? update.parent,
    role: "assistant",
    text: "",
    reasoning: "",
    status: "pending",
    created_at: update.created_at,
    generation: null,
  };
  // What was written so far stays on screen until the snapshot that the new generation begins with.
  return {
    ...fresh,
    ...before,
    status: "pending",
    generation: {
      id: update.generation,
      model: null,
      attempt: 0,
      seq: 0,
      parts: before?.generation?.parts ?? null,
    },
  };
}

/** What a message that is not accepted yet waits for. */
const WAITS = {
  line: "Waits for the connection.",
  answer: "Goes out when the answer has ended.",
  turn: "Goes out after the message before it.",
};

/**
 * The questions that were sent and are not accepted yet.
 * @param {import("./outbox.js").Waiting[]} entries
 * @param {(entry: import("./outbox.js").Waiting) => keyof typeof WAITS | null} waitsFor
 */
export function unsent(entries, waitsFor) {
  return entries.flatMap((entry) => (entry.command.type === "send" ? [waiting(entry, waitsFor(entry))] : []));
}

/** @param {import("./outbox.js").Waiting} entry @param {keyof typeof WAITS | null} reason @returns {Shown} */
function waiting({ command, files }, reason) {
  return {
    uuid: command.key,
    parent: null,
    role: "user",
    text: "text" in command ? command.text : "",
    reasoning: "",
    attachments: files,
    status: "sending",
    waits: reason ? WAITS[reason] : "",
    created_at: null,
    generation: null,
  };
}
