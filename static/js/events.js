/**
 * What stands where a WebSocket stands when none can be opened: commands go out as calls of the HTTP API,
 * updates come in as server-sent events (docs/protocol.md). It has a WebSocket's `send`, `close`,
 * `onmessage` and `onclose`, so whoever uses it need not know the difference.
 *
 * The server ends each response after a while; the next one goes on behind the last id that was read.
 *
 * @typedef {import("./protocol.js").Command} Command
 * @typedef {{fetch: typeof fetch, now: () => number, renew: () => Promise<void>}} Environment
 *   renew: asks for another token, of a session that has begun since
 */
import { CLOSE } from "./protocol.js";

const LOST = 1006;
const HEARD_WITHIN = 25_000;
const PAUSE = 1_000;
const EVENTS = "text/event-stream";

export class EventSocket {
  /** @type {((event: {data: string}) => void) | null} */
  onmessage = null;
  /** @type {((event: {code: number}) => void) | null} */
  onclose = null;

  #api;
  #token;
  /** @type {Environment} */
  #env;
  #open = true;
  /** @type {string | null} the conversation that is followed */
  #conversation = null;
  #lastId = "";
  #heardAt = 0;
  /** While the first event of a response is told: asking for what it already gives begins no other one. */
  #fresh = false;
  /** Keys of commands that are under way. */
  #begun = new Set();
  /** @type {AbortController | null} of the response that is being read */
  #reading = null;
  #ended = new AbortController();

  /**
   * @param {string} api address of the HTTP API
   * @param {() => string} token that changes need (CSRF)
   * @param {Partial<Environment>} [environment]
   */
  constructor(api, token, environment = {}) {
    this.#api = api;
    this.#token = token;
    this.#env = { fetch: (...request) => fetch(...request), now: () => performance.now(), renew: async () => {}, ...environment };
    void this.#read();
  }

  /** @param {string} frame */
  send(frame) {
    const command = /** @type {Command} */ (JSON.parse(frame));
    switch (command.type) {
      case "follow":
        return this.#follow(command);
      case "send":
        return void this.#begin(command, sending(command));
      case "regenerate":
      case "continue":
        return void this.#begin(command, `messages/${command.message}/${command.type}`);
      case "stop":
        return void this.#stop(command);
      case "ping":
        // Silence of the line is told by silence here: the server is heard every few seconds.
        if (this.#env.now() - this.#heardAt >= HEARD_WITHIN) return;
        // An answer never comes while the question is still being asked.
        queueMicrotask(() => this.#tell({ type: "pong" }));
    }
  }

  close() {
    this.#open = false;
    this.#reading?.abort();
    this.#ended.abort();
  }

  /** @param {import("./protocol.js").Follow} command */
  #follow({ conversation, cursors = {} }) {
    if (this.#fresh && conversation === this.#conversation) return;
    const [seen] = Object.entries(cursors);
    this.#goOn(conversation, seen ? seen.join(":") : "");
  }

  /** @param {string} conversation @param {string} lastId */
  #goOn(conversation, lastId) {
    this.#conversation = conversation;
    this.#lastId = lastId;
    void this.#read();
  }

  // --- reading ----------------------------------------------------------------------------------

  /** Reads responses, one after the other, until another reading begins or the line breaks. */
  async #read() {
    this.#reading?.abort();
    const reading = (this.#reading = new AbortController());
    try {
      while (!reading.signal.aborted) {
        const answer = await this.#ask(reading.signal);
        if (reading.signal.aborted) return;
        if (!answer.ok) return await this.#turnedAway(answer);
        let heard = 0;
        for await (const event of eventsOf(answer, () => (this.#heardAt = this.#env.now()))) {
          if (reading.signal.aborted) return;
          heard += 1;
          this.#take(event);
        }
        // Somebody between here and the server may cut every response short.
        if (heard < 2) await new Promise((resolve) => setTimeout(resolve, PAUSE));
      }
    } catch {
      if (!reading.signal.aborted) this.#close(LOST);
    }
  }

  /** @param {AbortSignal} signal */
  #ask(signal) {
    const path = this.#conversation ? `conversations/${this.#conversation}/events` : "events";
    /** @type {Record<string, string>} */
    const headers = { Accept: EVENTS };
    if (this.#lastId) headers["Last-Event-ID"] = this.#lastId;
    return this.#env.fetch(this.#api + path, { headers, cache: "no-store", signal });
  }

  /** @param {Response} answer */
  async #turnedAway(answer) {
    if (answer.status !== 404 || !this.#conversation) return this.#close(codeOf(answer));
    await this.#refused(answer, "follow");
    // Of this conversation there is nothing to read any more, of the others there is.
    this.#conversation = null;
    this.#lastId = "";
    void this.#read();
  }

  /** @param {{id: string, data: string}} event */
  #take({ id, data }) {
    if (id) this.#lastId = id;
    this.#fresh = true;
    this.onmessage?.({ data });
    this.#fresh = false;
  }

  // --- calling ----------------------------------------------------------------------------------

  /**
   * Of the response only what was accepted is read: the rest comes, in order, with all else.
   * @param {import("./outbox.js").Keyed} command
   * @param {string} path
   */
  async #begin(command, path) {
    const { type: _, key, ...body } = command;
    if (this.#begun.has(key)) return;
    this.#begun.add(key);
    try {
      const answer = await this.#post(path, body, { "Idempotency-Key": key, Accept: EVENTS });
      if (!answer.ok) return await this.#notBegun(answer, command.ref);
      for await (const { data } of eventsOf(answer)) {
        const accepted = JSON.parse(data);
        if (accepted.type !== "accepted" || !this.#open) continue;
        this.#tell(accepted);
        if (accepted.conversation !== this.#conversation)
          this.#goOn(accepted.conversation, `${accepted.generation}:0`);
        return;
      }
    } catch {
      this.#close(LOST);
    } finally {
      this.#begun.delete(key);
    }
  }

  /** @param {import("./protocol.js").Stop} command */
  async #stop({ message, ref }) {
    try {
      const answer = await this.#post(`messages/${message}/stop`, {}, { Accept: "application/json" });
      if (!answer.ok) return await this.#notBegun(answer, ref);
      const { finished } = await answer.json();
      this.#tell({ type: "stopping", ref });
      if (finished) this.#tell(finished);
    } catch {
      this.#close(LOST);
    }
  }

  /** @param {string} path @param {object} body @param {Record<string, string>} headers */
  async #post(path, body, headers) {
    const answer = await this.#call(path, body, headers);
    if (answer.status !== 403) return answer;
    // The token is an older session's: who signed in again elsewhere may go on here.
    await this.#env.renew();
    return this.#call(path, body, headers);
  }

  /** @param {string} path @param {object} body @param {Record<string, string>} headers */
  #call(path, body, headers) {
    return this.#env.fetch(this.#api + path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.#token(), ...headers },
      cache: "no-store",
      signal: this.#ended.signal,
    });
  }

  /** @param {Response} answer @param {string} [ref] */
  async #notBegun(answer, ref) {
    if (answer.status === 401 || answer.status >= 500) this.#close(codeOf(answer));
    else await this.#refused(answer, ref);
  }

  /** @param {Response} answer @param {string} [ref] */
  async #refused(answer, ref) {
    const { error } = await answer.json();
    const seconds = Number(answer.headers.get("Retry-After"));
    this.#tell({
      type: "refused",
      ref,
      code: error.code,
      detail: error.detail,
      retry_after: seconds || null,
    });
  }

  /** @param {object} update */
  #tell(update) {
    if (this.#open) this.onmessage?.({ data: JSON.stringify(update) });
  }

  /** @param {number} code as of a WebSocket */
  #close(code) {
    if (!this.#open) return;
    this.close();
    this.onclose?.({ code });
  }
}

/** @param {Response} answer */
function codeOf({ status }) {
  return status === 401 ? CLOSE.signedOut : LOST;
}

/** @param {import("./protocol.js").Send} command */
function sending({ conversation }) {
  return conversation ? `conversations/${conversation}/messages` : "messages";
}

/**
 * The events of a response, until it ends; leaving early hangs up.
 * @param {Response} answer
 * @param {() => void} [heard] called whenever anything arrives
 */
async function* eventsOf(answer, heard = () => {}) {
  const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
  const words = new TextDecoder();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      heard();
      text += words.decode(value, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = eventOf(block);
        if (event.data) yield event;
      }
    }
  } finally {
    // A response that was aborted is cancelled already, and says so.
    await reader.cancel().catch(() => {});
  }
}

/** @param {string} block the lines of one event */
function eventOf(block) {
  const event = { id: "", data: "" };
  for (const line of block.split("\n")) {
    if (line.startsWith("id: ")) event.id = line.slice(4);
    if (line.startsWith("data: ")) event.data = line.slice(6);
  }
  return event;
}
