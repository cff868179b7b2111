/**
 * The messages that a turn begins with, as `accepted` tells them to every tab.
 *
 * @import { Accepted, Send } from "./protocol.js"
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

/**
 * The questions that were sent and are not accepted yet.
 * @param {import("./storage.js").Keyed[]} commands
 * @param {(ids: string[]) => import("./protocol.js").Attachment[]} known what this page knows of files
 */
export function unsent(commands, known) {
  return commands.flatMap((command) =>
    command.type === "send" ? [waiting(command, known(command.attachments ?? []))] : [],
  );
}

/** @param {Send} command @param {import("./protocol.js").Attachment[]} attachments @returns {Shown} */
function waiting({ key, text }, attachments) {
  return {
    uuid: key,
    parent: null,
    role: "user",
    text,
    reasoning: "",
    attachments,
    status: "sending",
    created_at: null,
    generation: null,
  };
}
