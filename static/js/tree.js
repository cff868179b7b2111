/**
 * The messages of a conversation as a tree: who is above whom, and who stands beside whom.
 *
 * @typedef {import("./protocol.js").LiveStatus | import("./protocol.js").EndStatus} Status
 * @typedef {Partial<import("./protocol.js").Outcome> & {id: string, model: string | null, attempt: number, seq: number}} Generation
 * @typedef {{index: number, count: number, previous: string | null, next: string | null}} Siblings
 *   which of the messages with the same parent this is, from 1, and the ones beside it
 * @typedef {{rating: "up" | "down", reasons: string[], comment: string}} Feedback  what its reader thinks of an answer
 * @typedef {{uuid: string, parent: string | null, role: "user" | "assistant", text: string, reasoning: string,
 *   attachments?: import("./protocol.js").Attachment[],
 *   status: Status, created_at: string | null, generation: Generation | null, siblings?: Siblings | null, pinned?: boolean, feedback?: Feedback | null,
 *   notice?: {code: string, detail: string} | null, left_out?: string | null, unread?: string | null, stopping?: boolean, ending?: boolean}} Message
 *   pinned: to stay in the model's view; left_out: what was not sent to the model; unread: what of it the model
 *   cannot read; stopping: asked to; ending: a snapshot of its end has come,
 *   its `finished` not yet
 * @typedef {Omit<Message, "status"> & {status: Message["status"] | "sending", waits?: string}} Shown
 *   sending: not accepted yet; waits: for what, in words
 * @typedef {ReadonlyMap<string, Message>} Tree  in the order in which they were written
 */

/** @param {Status} status */
export function isLive(status) {
  return status === "pending" || status === "streaming";
}

/**
 * A message and those above it, itself first, as far as they are known.
 * @param {Tree} messages
 * @param {string | null} from
 */
export function* upwards(messages, from) {
  for (let at = messages.get(from ?? ""); at; at = messages.get(at.parent ?? "")) yield at;
}

/** @param {Tree} messages @param {string | null} id @param {string} ancestor */
export function isBelow(messages, id, ancestor) {
  for (const message of upwards(messages, id)) if (message.uuid === ancestor) return true;
  return false;
}

/**
 * Whether everything is known from the first message down to this one.
 * @param {Tree} messages
 * @param {string | null} id
 * @param {string | null} [top] the message above the first one that a page was given
 */
export function isRooted(messages, id, top = null) {
  if (id === null) return true;
  const highest = [...upwards(messages, id)].at(-1);
  return highest !== undefined && (highest.parent === null || highest.parent === top);
}

/**
 * Adds a message as the last of those with its parent.
 * @param {Map<string, Message>} known
 * @param {Message} message
 */
export function add(known, message) {
  const others = [...known.values()].filter(
    (other) => other.parent === message.parent && other.uuid !== message.uuid,
  );
  const last = others.at(-1);
  if (!last || known.has(message.uuid)) return known.set(message.uuid, message);
  const count = (last.siblings?.count ?? others.length) + 1;
  for (const other of others)
    known.set(other.uuid, { ...other, siblings: { ...alone(), ...other.siblings, count } });
  known.set(last.uuid, { ...last, siblings: { ...alone(), ...last.siblings, count, next: message.uuid } });
  return known.set(message.uuid, {
    ...message,
    siblings: { index: count, count, previous: last.uuid, next: null },
  });
}

/** @returns {Siblings} */
function alone() {
  return { index: 1, count: 1, previous: null, next: null };
}

/** Who stands beside whom, where all messages are known. @param {Map<string, Message>} messages */
export function arrange(messages) {
  /** @type {Map<string | null, Message[]>} */
  const families = new Map();
  for (const message of messages.values()) {
    families.set(message.parent, [...(families.get(message.parent) ?? []), message]);
  }
  for (const family of families.values()) {
    family.forEach((message, at) => {
      const [previous, next] = [family[at - 1]?.uuid ?? null, family[at + 1]?.uuid ?? null];
      messages.set(message.uuid, {
        ...message,
        siblings: { index: at + 1, count: family.length, previous, next },
      });
    });
  }
}

/** The messages with these as the ones that stay in the model's view. @param {Tree} messages @param {string[]} pins */
export function pinned(messages, pins) {
  const changed = [...messages.values()].map((message) => {
    const now = pins.includes(message.uuid);
    return (message.pinned ?? false) === now ? message : { ...message, pinned: now };
  });
  return new Map(changed.map((message) => [message.uuid, message]));
}

/** Whether beside one with this parent stand others that are not known here. @param {Tree} messages @param {string | null} parent */
export function lacks(messages, parent) {
  const family = [...messages.values()].filter((message) => message.parent === parent);
  return family.some(({ siblings }) => (siblings?.count ?? 1) > family.length);
}

/** Of a message and those below it the one that was written last. @param {Tree} messages @param {string} id */
export function lastBelow(messages, id) {
  return [...messages.keys()].findLast((each) => isBelow(messages, each, id)) ?? null;
}

/** The messages with what is thought of one of them. @param {Tree} messages @param {string} id @param {Feedback | null} feedback */
export function rated(messages, id, feedback) {
  const message = messages.get(id);
  return message ? new Map(messages).set(id, { ...message, feedback }) : messages;
}
