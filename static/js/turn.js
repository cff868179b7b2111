/**
 * The messages of a turn, as `accepted` and the server tell them, and those that are on their way.
 *
 * @import { Accepted } from "./protocol.js"
 * @import { Shown } from "./tree.js"
 * @typedef {import("./tree.js").Message} Message
 */
import { gettext } from "./i18n.js";

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

/** What a message that is not accepted yet waits for. @param {"line" | "answer" | "turn"} reason */
function waitsWords(reason) {
  if (reason === "line") return gettext("Waits for the connection.");
  if (reason === "answer") return gettext("Waits for the answer to end.");
  return gettext("Waits for its turn.");
}

/**
 * What stands above a question that is on its way: where another wording was sent, not what was below the old.
 * @param {Message[]} shown
 * @param {import("./outbox.js").Waiting[]} entries
 * @param {(entry: import("./outbox.js").Waiting) => "line" | "answer" | "turn" | null} waitsFor
 */
export function above(shown, entries, waitsFor) {
  const [first] = entries;
  if (first?.command.type !== "send" || first.command.parent === undefined) return shown;
  // Until the answer that is being written has ended, that is what there is to see.
  if (waitsFor(first) === "answer") return shown;
  const { parent } = first.command;
  const place = shown.findIndex((message) => message.uuid === parent);
  return parent !== null && place < 0 ? shown : shown.slice(0, place + 1);
}

/**
 * The questions that were sent and are not accepted yet.
 * @param {import("./outbox.js").Waiting[]} entries
 * @param {(entry: import("./outbox.js").Waiting) => "line" | "answer" | "turn" | null} waitsFor
 */
export function unsent(entries, waitsFor) {
  return entries.flatMap((entry) => (entry.command.type === "send" ? [waiting(entry, waitsFor(entry))] : []));
}

/** @param {import("./outbox.js").Waiting} entry @param {"line" | "answer" | "turn" | null} reason @returns {Shown} */
function waiting({ command, files }, reason) {
  return {
    uuid: command.key,
    parent: null,
    role: "user",
    text: "text" in command ? command.text : "",
    reasoning: "",
    attachments: files,
    status: "sending",
    waits: reason ? waitsWords(reason) : "",
    created_at: null,
    generation: null,
  };
}

/**
 * A message as the HTTP API and the page's own data give it.
 * @param {any} item
 * @returns {Message}
 */
export function fromServer(item) {
  const { id, uuid, parent, role, text, reasoning, attachments } = item;
  const { status, created_at, generation, siblings, pinned, feedback } = item;
  return {
    uuid: uuid ?? id,
    parent,
    role,
    text,
    reasoning,
    attachments,
    status,
    created_at,
    generation,
    siblings: siblings ?? null,
    pinned: pinned ?? false,
    feedback: feedback ?? null,
  };
}
