/**
 * The wire contract, version 1 (docs/protocol.md): what goes over the socket in either direction.
 * Mirror of streaming/protocol.py; tests/samples/protocol.json holds both to the same frames.
 *
 * @typedef {Record<string, number>} Cursors  generation id → last seq handled
 * @typedef {{system_prompt?: string, temperature?: number, top_p?: number, max_tokens?: number,
 *   reasoning_effort?: "low" | "medium" | "high", reasoning_budget?: number,
 *   summarize?: boolean, preset?: string, temporary?: boolean}} Options
 *
 * @typedef {{type: "follow", ref?: string, conversation: string, cursors?: Cursors}} Follow
 * @typedef {{type: "unfollow", ref?: string, conversation: string}} Unfollow
 * @typedef {{type: "send", ref?: string, key: string, text: string, conversation?: string,
 *   parent?: string | null, attachments?: string[], model?: string, options?: Options}} Send
 * @typedef {{type: "regenerate", ref?: string, key: string, message: string, model?: string}} Regenerate
 * @typedef {{type: "continue", ref?: string, key: string, message: string}} Continue
 * @typedef {{type: "stop", ref?: string, message: string}} Stop
 * @typedef {{type: "ack", cursors: Cursors}} Ack
 * @typedef {{type: "ping", ref?: string}} Ping
 * @typedef {Follow | Unfollow | Send | Regenerate | Continue | Stop | Ack | Ping} Command
 *
 * @typedef {"pending" | "streaming"} LiveStatus
 * @typedef {"complete" | "stopped" | "failed" | "interrupted"} EndStatus
 * @typedef {"continue" | "regenerate" | "retry" | "new_conversation"} Action
 * @typedef {{code: string, detail: string, retryable: boolean, reference: string | null}} Failure
 * @typedef {{input_tokens: number, output_tokens: number, cache_read_tokens: number,
 *   cache_write_tokens: number, cost: string | number | null, estimated?: boolean}} Usage
 * @typedef {{first_token_ms: number | null, reasoning_ms?: number | null, total_ms: number | null}} Timings
 *
 * @typedef {{type: "ready", protocol: number, user: string, server_time: string}} Ready
 * @typedef {{message: string, generation: string, seq: number}} Live
 * @typedef {{type: "following", ref?: string | null, conversation: string, newest: string | null, live: Live[]}} Following
 * @typedef {{type: "accepted", ref?: string | null, key: string, conversation: string,
 *   user_message: string | null, assistant_message: string, generation: string, parent: string | null,
 *   text: string | null, attachments: Attachment[], created_at: string}} Accepted
 * @typedef {{id: string, kind: "image" | "document", name: string, media_type: string, size: number,
 *   width: number | null, height: number | null}} Attachment
 *
 * @typedef {{conversation: string, message: string, generation: string, seq: number}} Numbered
 * @typedef {Numbered & {type: "started", model: string, attempt: number}} Started
 * @typedef {Numbered & {type: "delta", kind: "text" | "reasoning", text: string}} Delta
 * @typedef {Numbered & {type: "notice", code: string, detail: string, data: Record<string, unknown>}} Notice
 * @typedef {Numbered & {type: "restarted", attempt: number, reason: string}} Restarted
 * @typedef {Numbered & {type: "retracted", reason: string, text: string}} Retracted
 * @typedef {{number: number, title: string, place: string, url: string | null, source: string}} Citation
 * @typedef {{name: string, server: boolean, input: string, result: string | null}} Tool
 * @typedef {{citations: Citation[], tools: Tool[], redacted: boolean, lost?: number}} Parts
 * @typedef {{from: string, kept: string[], left_out: number, tokens: number, counted: boolean,
 *   budget: number, window: number, summarised: boolean, unread?: number}} Context  what the model was shown for an answer
 * @typedef {{status: EndStatus, stop_reason: string | null, error: Failure | null, usage: Usage | null,
 *   timings: Timings, actions: Action[], note?: string | null, attachments?: Attachment[], parts?: Parts | null,
 *   context?: Context | null}} Outcome
 * @typedef {Numbered & {type: "finished"} & Outcome} Finished
 * @typedef {Numbered & {type: "snapshot", text: string, reasoning: string, status: LiveStatus | EndStatus}} Snapshot
 *
 * @typedef {{type: "conversation", conversation: string, title?: string, pinned?: boolean, archived?: boolean,
 *   deleted?: boolean, model?: string, system_prompt?: string, options?: object, running?: boolean,
 *   unread?: boolean, updated_at?: string, pins?: string[], summary?: string, temporary?: boolean}} ConversationChanged
 * @typedef {{type: "refused", ref?: string | null, code: string, detail: string, retry_after: number | null}} Refused
 * @typedef {{type: "unfollowed" | "stopping" | "pong", ref?: string | null}} Reply
 * @typedef {Numbered & {type: "passed"}} Passed  of a type that a newer server has: counted, not understood
 * @typedef {Ready | Following | Accepted | Started | Delta | Notice | Restarted | Retracted | Finished
 *   | Snapshot | Passed | ConversationChanged | Refused | Reply} Update
 * @typedef {Started | Delta | Notice | Restarted | Retracted | Finished | Passed | Snapshot} GenerationUpdate
 */

export const PROTOCOL = 1;

/** What the server refuses with `too_large`, in bytes of one frame. */
export const FRAME_LIMIT = 256 * 1024;

export const CLOSE = Object.freeze({ restarting: 4001, tryLater: 4013, signedOut: 4401, forbidden: 4403 });

/** @typedef {(value: unknown) => boolean} Check */

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** @type {Check} */
const text = (value) => typeof value === "string";
/** @type {Check} */
const name = (value) => typeof value === "string" && value !== "" && value.length <= 256;
/** @type {Check} */
const uuid = (value) => typeof value === "string" && UUID.test(value);
/** @type {Check} */
const flag = (value) => typeof value === "boolean";
/** @type {Check} */
const object = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
/** @type {Check} */
const count = (value) => Number.isInteger(value) && /** @type {number} */ (value) >= 0;
/** @type {Check} */
const positive = (value) => Number.isInteger(value) && /** @type {number} */ (value) >= 1;
/** @type {Check} */
const number = (value) => typeof value === "number" && Number.isFinite(value);
/** @type {Check} */
const share = (value) =>
  number(value) && /** @type {number} */ (value) >= 0 && /** @type {number} */ (value) <= 1;
/** @type {Check} */
const ref = (value) => typeof value === "string" && value.length <= 64;

/** @type {(check: Check) => Check} */
const orNull = (check) => (value) => value === null || check(value);
/** @type {(check: Check) => Check} */
const optional = (check) => (value) => value === undefined || check(value);
/** @type {(...words: string[]) => Check} */
const oneOf =
  (...words) =>
  (value) =>
    typeof value === "string" && words.includes(value);
/** @type {(fields: Record<string, Check>) => Check} */
const shape = (fields) => (value) =>
  object(value) && fits(/** @type {Record<string, unknown>} */ (value), fields);
/** @type {(check: Check) => Check} */
const listOf = (check) => (value) => Array.isArray(value) && value.every(check);
/** @type {Check} */
const cursors = (value) =>
  object(value) && Object.entries(/** @type {object} */ (value)).every(([id, seq]) => uuid(id) && count(seq));

/** @type {(frame: Record<string, unknown>, fields: Record<string, Check>) => boolean} */
function fits(frame, fields) {
  return Object.entries(fields).every(([name, check]) => check(frame[name]));
}

const OPTIONS = {
  system_prompt: optional(text),
  temperature: optional(share),
  top_p: optional(share),
  max_tokens: optional(positive),
  reasoning_effort: optional(oneOf("low", "medium", "high")),
  reasoning_budget: optional((value) => positive(value) && Number(value) >= 1_024),
  summarize: optional(flag),
  preset: optional(uuid),
  temporary: optional(flag),
};

/** @type {Check} */
const options = (value) =>
  shape(OPTIONS)(value) && Object.keys(/** @type {object} */ (value)).every((k) => k in OPTIONS);

/** @type {Check} */
const attachments = (value) => listOf(uuid)(value) && /** @type {string[]} */ (value).length <= 100;

/** @type {Record<string, Record<string, Check>>} */
const COMMANDS = {
  follow: { conversation: uuid, cursors: optional(cursors) },
  unfollow: { conversation: uuid },
  send: {
    key: uuid,
    text,
    conversation: optional(uuid),
    parent: optional(orNull(uuid)),
    attachments: optional(attachments),
    model: optional(name),
    options: optional(options),
  },
  regenerate: { key: uuid, message: uuid, model: optional(name) },
  continue: { key: uuid, message: uuid },
  stop: { message: uuid },
  ack: { cursors },
  ping: {},
};

const numbered = { conversation: uuid, message: uuid, generation: uuid, seq: positive };
const status = oneOf("pending", "streaming", "complete", "stopped", "failed", "interrupted");

/** @type {Record<string, Record<string, Check>>} */
const UPDATES = {
  // Of whatever version: who speaks another one must be recognized, too (R99).
  ready: { protocol: positive, user: text, server_time: text },
  following: {
    conversation: uuid,
    newest: orNull(uuid),
    live: listOf(shape({ message: uuid, generation: uuid, seq: count })),
  },
  accepted: {
    key: uuid,
    conversation: uuid,
    user_message: orNull(uuid),
    assistant_message: uuid,
    generation: uuid,
    parent: orNull(uuid),
    text: orNull(text),
    attachments: listOf(object),
    created_at: text,
  },
  started: { ...numbered, model: text, attempt: positive },
  delta: { ...numbered, kind: oneOf("text", "reasoning"), text },
  notice: { ...numbered, code: text, detail: text, data: object },
  restarted: { ...numbered, attempt: positive, reason: text },
  retracted: { ...numbered, reason: text, text },
  finished: {
    ...numbered,
    status: oneOf("complete", "stopped", "failed", "interrupted"),
    stop_reason: orNull(text),
    error: orNull(shape({ code: text, detail: text, retryable: flag })),
    usage: orNull(object),
    timings: object,
    actions: listOf(text),
    note: optional(orNull(text)),
    context: optional(orNull(object)),
    parts: optional(orNull(shape({ citations: listOf(object), tools: listOf(object), redacted: flag }))),
  },
  snapshot: { ...numbered, seq: count, text, reasoning: text, status },
  conversation: {
    conversation: uuid,
    title: optional(text),
    pinned: optional(flag),
    archived: optional(flag),
    deleted: optional(flag),
    model: optional(text),
    running: optional(flag),
    unread: optional(flag),
    pins: optional(listOf(uuid)),
    summary: optional(text),
    temporary: optional(flag),
    updated_at: optional(text),
  },
  refused: { code: text, detail: text, retry_after: optional(orNull(number)) },
  unfollowed: {},
  stopping: {},
  pong: {},
};

/**
 * The code with which a server refuses this command, or null where it fits the contract.
 * @param {unknown} frame
 * @returns {"malformed" | "unknown_type" | "empty" | null}
 */
export function commandFault(frame) {
  if (!object(frame)) return "malformed";
  const command = /** @type {Record<string, unknown>} */ (frame);
  if (typeof command.type !== "string") return "malformed";
  if (!Object.hasOwn(COMMANDS, command.type)) return "unknown_type";
  const fields = { type: text, ref: optional(ref), ...COMMANDS[command.type] };
  if (!fits(command, fields) || !Object.keys(command).every((name) => name in fields)) return "malformed";
  if (command.type === "send") return sendFault(command);
  return null;
}

/** @param {Record<string, unknown>} command */
function sendFault(command) {
  const isNew = command.conversation === undefined;
  if (isNew && command.parent !== undefined) return "malformed";
  if (!isNew && command.options !== undefined) return "malformed";
  const attached = /** @type {string[] | undefined} */ (command.attachments)?.length ?? 0;
  return /** @type {string} */ (command.text).trim() || attached ? null : "empty";
}

/** @param {Command} command */
export function encode(command) {
  return JSON.stringify(command);
}

/**
 * The update in a frame, or null for one that this client does not understand and leaves alone:
 * a newer server may send types of its own. If it counts one of those, so does this client, or it
 * would take it for lost and ask for it for ever (R99).
 * @param {string} frame
 * @returns {Update | null}
 */
export function decode(frame) {
  /** @type {unknown} */
  let value;
  try {
    value = JSON.parse(frame);
  } catch {
    return null;
  }
  if (isUpdate(value)) return value;
  return isOfNewerServer(value) ? { ...value, type: "passed" } : null;
}

/**
 * @param {unknown} value
 * @returns {value is Update}
 */
export function isUpdate(value) {
  if (!object(value)) return false;
  const update = /** @type {Record<string, unknown>} */ (value);
  if (typeof update.type !== "string" || !Object.hasOwn(UPDATES, update.type)) return false;
  return optional(orNull(text))(update.ref) && fits(update, UPDATES[update.type]);
}

/**
 * @param {unknown} value
 * @returns {value is Numbered}
 */
function isOfNewerServer(value) {
  if (!object(value)) return false;
  const update = /** @type {Record<string, unknown>} */ (value);
  return text(update.type) && !Object.hasOwn(UPDATES, String(update.type)) && fits(update, numbered);
}

/** @param {Update} update @returns {update is GenerationUpdate} */
export function isNumbered(update) {
  return "generation" in update && "seq" in update;
}
