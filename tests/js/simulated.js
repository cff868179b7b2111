/**
 * A server for tests: one conversation as the contract keeps it, on connections that lose, double and
 * delay frames as a seed says. No sockets and no time: whoever drives it decides what happens next.
 *
 * @typedef {import("../../static/js/protocol.js").Update} Update
 * @typedef {import("../../static/js/protocol.js").Command} Command
 * @typedef {import("../../static/js/transcript.js").Message} Message
 */

/** The same numbers each time. @param {number} seed */
export function dice(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** @param {number} number */
export function uuid(number) {
  return `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
}

export const CONVERSATION = uuid(1);

/** What is committed: messages in their order, and the numbered updates of each generation. */
export class Server {
  /** @type {Message[]} */
  messages = [];
  /** @type {Map<string, any[]>} */
  logs = new Map();
  #ids = 100;

  /**
   * A person's text and the answer that is promised to it.
   * @param {string} text
   * @param {string} [key]
   * @returns {any}
   */
  begin(text, key = uuid(++this.#ids)) {
    const parent = this.messages.at(-1)?.uuid ?? null;
    const [user, assistant, generation] = [uuid(++this.#ids), uuid(++this.#ids), uuid(++this.#ids)];
    const created_at = "2026-02-03T04:05:06Z";
    const common = { reasoning: "", created_at, generation: null };
    this.messages.push({ ...common, uuid: user, parent, role: "user", text, status: "complete" });
    this.messages.push({
      ...common,
      uuid: assistant,
      parent: user,
      role: "assistant",
      text: "",
      status: "pending",
      generation: { id: generation, model: null, attempt: 0, seq: 0 },
    });
    this.logs.set(generation, []);
    return {
      type: "accepted",
      key,
      conversation: CONVERSATION,
      user_message: user,
      assistant_message: assistant,
      generation,
      parent,
      text,
      attachments: [],
      created_at,
    };
  }

  /** A new generation that goes on with the newest answer. @returns {any} */
  goOn() {
    const message = this.messages[this.messages.length - 1];
    const generation = uuid(++this.#ids);
    this.logs.set(generation, []);
    this.messages[this.messages.length - 1] = {
      ...message,
      status: "pending",
      generation: { id: generation, model: null, attempt: 0, seq: 0 },
    };
    return {
      type: "accepted",
      key: uuid(++this.#ids),
      conversation: CONVERSATION,
      user_message: null,
      assistant_message: message.uuid,
      generation,
      parent: message.parent,
      text: "",
      attachments: [],
      created_at: message.created_at,
    };
  }

  /** The next update of the newest answer, kept and given. @param {object} fields @returns {any} */
  next(fields) {
    const message = this.messages[this.messages.length - 1];
    const generation = /** @type {any} */ (message.generation);
    const seq = generation.seq + 1;
    const update = {
      conversation: CONVERSATION,
      message: message.uuid,
      generation: generation.id,
      seq,
      ...fields,
    };
    this.logs.get(generation.id)?.push(update);
    const { type, text = "", kind = "text", status = "streaming" } = /** @type {any} */ (fields);
    const next = { ...message, status, generation: { ...generation, seq } };
    if (type === "delta") next[/** @type {"text"} */ (kind)] += text;
    if (type === "restarted") next.text = next.reasoning = "";
    if (type === "retracted") [next.text, next.reasoning] = [text, ""];
    this.messages[this.messages.length - 1] = next;
    return update;
  }

  finish(status = "complete") {
    return this.next({
      type: "finished",
      status,
      stop_reason: status === "complete" ? "end_turn" : null,
      error: null,
      usage: null,
      timings: { first_token_ms: 1, total_ms: 2 },
      actions: ["regenerate"],
    });
  }

  /**
   * What `follow` is answered with; from snapshots where `logGone`.
   * @param {any} command
   * @param {boolean} logGone
   * @returns {any[]}
   */
  follow({ conversation, cursors = {} }, logGone = false) {
    const live = this.messages.filter(
      (message) => message.status === "pending" || message.status === "streaming",
    );
    const known = this.messages.filter((message) => message.generation && message.generation.id in cursors);
    return [
      {
        type: "following",
        conversation,
        newest: this.messages.at(-1)?.uuid ?? null,
        live: live.map((m) => ({ message: m.uuid, generation: m.generation?.id, seq: m.generation?.seq })),
      },
      ...new Set([...live, ...known]).values(),
    ].flatMap((item) => ("role" in item ? this.#catchUp(item, cursors, logGone) : [item]));
  }

  /** @param {Message} message @param {Record<string, number>} cursors @param {boolean} logGone */
  #catchUp(message, cursors, logGone) {
    const generation = /** @type {any} */ (message.generation);
    const log = this.logs.get(generation.id) ?? [];
    if (!logGone) return log.filter((update) => update.seq > (cursors[generation.id] ?? 0));
    const last = log.at(-1)?.type === "finished" ? [log.at(-1)] : [];
    const { text, reasoning, status } = message;
    const seq = generation.seq - last.length;
    return [
      {
        type: "snapshot",
        conversation: CONVERSATION,
        message: message.uuid,
        generation: generation.id,
        seq,
        text,
        reasoning,
        status,
      },
      ...last,
    ];
  }
}

/** Stands where the connection stands; frames reach the session when `deliver` says so. */
export class Wire extends EventTarget {
  /** @type {any[]} */
  sent = [];
  /** @type {any[]} */
  coming = [];
  connected = true;
  state = "ready";
  heldOff = 0;

  start() {}

  stop() {}

  /** @param {number} seconds */
  holdOff(seconds) {
    this.heldOff = seconds;
  }

  /** @param {Command} command */
  send(command) {
    if (this.connected) this.sent.push(structuredClone(command));
    return this.connected;
  }

  /** @param {Update} update */
  deliver(update) {
    this.dispatchEvent(new CustomEvent("update", { detail: structuredClone(update) }));
  }

  ready() {
    this.connected = true;
    this.deliver({ type: "ready", protocol: 1, user: "1", server_time: "2026-02-03T04:05:06Z" });
  }
}

/** A store like the browser's. @returns {Storage} */
export function memory() {
  const kept = new Map();
  return /** @type {any} */ ({
    get length() {
      return kept.size;
    },
    key: (/** @type {number} */ at) => [...kept.keys()][at] ?? null,
    getItem: (/** @type {string} */ name) => kept.get(name) ?? null,
    setItem: (/** @type {string} */ name, /** @type {string} */ value) => kept.set(name, value),
    removeItem: (/** @type {string} */ name) => kept.delete(name),
  });
}
