/** Several tabs of one browser, and a server that begins each key once: for tests of what waits. */
import { Outbox } from "../../static/js/outbox.js";
import { Session } from "../../static/js/session.js";
import { open } from "../../static/js/transcript.js";
import { fromServer } from "../../static/js/turn.js";
import { memory, uuid, Wire } from "./simulated.js";

/** @typedef {{id: string, busy: boolean, messages: any[]}} Talk */

/** A browser's store: what one tab changes the others hear, and itself does not. */
export class SharedStore {
  #kept = memory();
  #told = new EventTarget();

  /** @param {string} name @returns {Storage} as this tab has it */
  of(name) {
    const kept = this.#kept;
    // Whoever listens from now on is this tab.
    globalThis.addEventListener = /** @type {any} */ (
      (/** @type {string} */ type, /** @type {(event: any) => void} */ hear, /** @type {any} */ options) =>
        this.#told.addEventListener(type, (event) => /** @type {any} */ (event).from !== name && hear(event), options)
    );
    /** @param {string} key */
    const tell = (key) => this.#told.dispatchEvent(Object.assign(new Event("storage"), { key, from: name }));
    return /** @type {any} */ ({
      get length() {
        return kept.length;
      },
      key: kept.key,
      getItem: kept.getItem,
      setItem: (/** @type {string} */ key, /** @type {string} */ value) => (kept.setItem(key, value), tell(key)),
      removeItem: (/** @type {string} */ key) => (kept.removeItem(key), tell(key)),
    });
  }
}

export class Backend {
  /** @type {Map<string, Talk>} */
  talks = new Map();
  /** @type {Map<string, any>} by key: what it began */
  begun = new Map();
  /** How often a command came that had begun something already. */
  repeated = 0;
  #ids = 1_000;

  /** @param {string} text @param {string} [key] @param {string} [conversation] @param {string | null} [parent] */
  begin(text, key = this.#id(), conversation = this.#id(), parent = null) {
    const talk = this.talks.get(conversation) ?? { id: conversation, busy: false, messages: [] };
    this.talks.set(conversation, talk);
    const [question, answer, generation] = [this.#id(), this.#id(), this.#id()];
    const common = { reasoning: "", created_at: "now", generation: null, attachments: [] };
    talk.messages.push({ ...common, id: question, parent, role: "user", text, status: "complete" });
    const live = { id: generation, model: null, attempt: 0, seq: 0 };
    talk.messages.push({ ...common, id: answer, parent: question, role: "assistant", text: "", status: "pending", generation: live });
    talk.busy = true;
    const began = { type: "accepted", key, conversation, user_message: question, assistant_message: answer };
    this.begun.set(key, { ...began, generation, parent, text, attachments: [], created_at: "now" });
    return this.begun.get(key);
  }

  /** What a command is answered with. @param {any} command @returns {any[]} */
  take(command) {
    if (command.type === "follow") return this.#follow(command);
    if (command.type !== "send") return [];
    const known = this.begun.get(command.key);
    if (known) {
      this.repeated += 1;
      return [{ ...known, ref: command.ref }, ...this.#follow({ ...known, cursors: { [known.generation]: 0 } })];
    }
    if (this.talks.get(command.conversation)?.busy)
      return [{ type: "refused", ref: command.ref, code: "busy", detail: "Busy.", retry_after: null }];
    return [{ ...this.begin(command.text, command.key, command.conversation, command.parent), ref: command.ref }];
  }

  /** The answer of a conversation ends. @param {Talk} talk @returns {any[]} what every tab hears */
  finish(talk) {
    const answer = talk.messages.at(-1);
    answer.status = "complete";
    answer.generation.seq = 1;
    talk.busy = false;
    return [this.#finished(talk, answer), { type: "conversation", conversation: talk.id, running: false }];
  }

  /** @param {string} conversation @returns {any} */
  read(conversation) {
    return { messages: structuredClone(this.talks.get(conversation)?.messages ?? []).map(fromServer) };
  }

  /** @param {{conversation: string, cursors?: Record<string, number>}} command @returns {any[]} */
  #follow({ conversation, cursors = {} }) {
    const talk = this.talks.get(conversation);
    const newest = talk?.messages.at(-1);
    if (!talk || !newest) return [];
    const live = talk.busy ? [{ message: newest.id, generation: newest.generation.id, seq: 0 }] : [];
    const ended = talk.messages.filter((each) => each.generation?.seq && cursors[each.generation.id] === 0);
    return [
      { type: "following", conversation, newest: newest.id, live },
      ...ended.map((answer) => this.#finished(talk, answer)),
    ];
  }

  /** @param {Talk} talk @param {any} answer */
  #finished(talk, answer) {
    const ids = { conversation: talk.id, message: answer.id, generation: answer.generation.id, seq: 1 };
    const end = { status: "complete", stop_reason: "end_turn", error: null, usage: null, timings: {}, actions: [] };
    return { type: "finished", ...ids, ...end };
  }

  #id() {
    return uuid((this.#ids += 1));
  }
}

/** One tab: its page can be loaded again, its line can break. */
export class BrowserTab {
  /** @type {any[]} what came back refused */
  refused = [];
  closed = false;
  wire = new Wire();
  #life = new AbortController();
  #store;
  #backend;
  #name;
  #others;
  /** @type {Session} */
  session;

  /**
   * @param {string} name @param {SharedStore} store @param {Backend} backend @param {BrowserTab[]} others
   * @param {string | null} [conversation]
   */
  constructor(name, store, backend, others, conversation = null) {
    this.#name = name;
    this.#store = store;
    this.#backend = backend;
    this.#others = others;
    this.session = this.#load(conversation);
  }

  get name() {
    return this.#name;
  }

  /** @param {string | null} conversation */
  #load(conversation) {
    this.wire = new Wire();
    this.cut();
    const { messages } = conversation ? this.#backend.read(conversation) : { messages: [] };
    const gone = async (/** @type {string[]} */ names) =>
      names.filter((name) => this.#others.some((other) => other.name === name && other.closed));
    const tab = { id: this.#name, gone };
    const outbox = new Outbox("1", this.#store.of(this.#name), tab);
    outbox.watch(this.#life.signal);
    const read = async (/** @type {string} */ id) => this.#backend.read(id);
    const session = new Session(/** @type {any} */ (this.wire), outbox, open(conversation, messages), read, tab);
    session.addEventListener("refused", (event) => this.refused.push(/** @type {CustomEvent} */ (event).detail));
    session.start();
    return session;
  }

  reload() {
    const { conversation } = this.session.transcript;
    this.close();
    this.closed = false;
    this.#life = new AbortController();
    this.session = this.#load(conversation);
  }

  close() {
    this.closed = true;
    this.session.stop();
    this.#life.abort();
  }

  cut() {
    this.wire.connected = false;
    this.wire.state = "waiting";
    this.wire.sent = [];
  }

  connect() {
    if (this.wire.connected) return;
    this.wire.state = "ready";
    this.wire.ready();
  }

  /** The server answers what was said so far. @param {() => boolean} [breaks] before an answer arrives */
  exchange(breaks = () => false) {
    for (const command of this.wire.sent.splice(0)) {
      for (const update of this.#backend.take(command)) {
        if (breaks()) return this.cut();
        this.wire.deliver(update);
      }
    }
  }
}
