/**
 * One WebSocket that mends itself: it comes back with full jitter (R49), acknowledges what was handled,
 * notices a line that went dead, and says when the session is over, or the server of another version.
 * It knows frames, not conversations.
 *
 * Where no WebSocket can be opened it takes a detour (`detour.js`).
 *
 * Events: "update" (detail: an Update, always in the order of the socket), "state" (detail: State).
 *
 * @typedef {"connecting" | "ready" | "waiting" | "signed-out" | "outdated" | "stopped"} State
 * @typedef {import("./detour.js").Ways & {fetch: typeof fetch, random: () => number, now: () => number,
 *   wall: () => number, protocol: number}} Environment  wall: a clock that goes on while the machine sleeps
 */
import { Detour } from "./detour.js";
import { CLOSE, decode, encode, isNumbered, PROTOCOL } from "./protocol.js";

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const STABLE_AFTER = 10_000;
const ACK_EVERY = 1_000;
const ACK_BYTES = 64 * 1024;
const PING_AFTER = 20_000;
const PONG_WITHIN = 10_000;
// What woke shows the state within a second: what does not answer at once is left for a new socket.
const PONG_WITHIN_AWAKE = 700;
const READY_WITHIN_AWAKE = 1_000;
const READY_WITHIN = 15_000;
const PROBE_EVERY = 60_000;
// While versions are exchanged, another process may be as new as this page.
const OLDER_AT_MOST = 3;

// Seen again, or no longer frozen.
const AWAKE = ["visibilitychange", "resume"];

const bytes = new TextEncoder();

export class Connection extends EventTarget {
  #me;
  /** @type {Environment} */
  #env;
  /** @type {import("./detour.js").Socket | null} */
  #socket = null;
  #detour;
  /** @type {State} */
  #state = "stopped";
  #failures = 0;
  /** Servers in a row that were older than this page. */
  #older = 0;
  /** Seconds that the server asked for before the next try, as milliseconds. */
  #atLeast = 0;
  /** @type {Record<string, ReturnType<typeof setTimeout> | undefined>} */
  #timers = {};
  /** @type {Record<string, number>} */
  #handled = {};
  #unacknowledged = 0;
  #ackedAt = 0;
  /** By the wall: when this socket was opened, and when it was heard last. */
  #openedAt = 0;
  #heardAt = 0;

  /**
   * @param {string} url of the socket
   * @param {string} me address that answers 401 to somebody who is signed out
   * @param {Partial<Environment>} [environment]
   */
  constructor(url, me, environment = {}) {
    super();
    this.#me = me;
    this.#env = {
      socket: (address) => new WebSocket(address),
      fetch: (...request) => fetch(...request),
      detour: null,
      recall: () => false,
      remember: () => {},
      random: Math.random,
      now: () => performance.now(),
      wall: Date.now,
      protocol: PROTOCOL,
      ...environment,
    };
    this.#detour = new Detour(url, this.#env);
  }

  get state() {
    return this.#state;
  }

  start() {
    if (this.#state !== "stopped" && this.#state !== "signed-out") return;
    globalThis.addEventListener?.("online", this.#wake);
    globalThis.addEventListener?.("pageshow", this.#wake);
    for (const name of AWAKE) globalThis.document?.addEventListener(name, this.#wake);
    this.#connect();
  }

  stop() {
    this.#end("stopped");
  }

  /**
   * Sends now, or not at all: what must arrive is sent again by its owner when "ready" comes.
   * @param {import("./protocol.js").Command} command
   * @returns {boolean} whether it went out
   */
  send(command) {
    if (this.#state !== "ready" || !this.#socket) return false;
    this.#socket.send(encode(command));
    return true;
  }

  /** Tries again at once. */
  retry() {
    if (this.#state === "waiting") this.#connect();
  }

  /** @param {number} seconds the server asked for, before the next try to connect */
  holdOff(seconds) {
    this.#atLeast = Math.max(this.#atLeast, seconds * 1000);
  }

  #connect() {
    this.#drop();
    this.#enter("connecting");
    const socket = this.#detour.open();
    this.#socket = socket;
    this.#openedAt = this.#heardAt = this.#env.wall();
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#closed(event.code);
    this.#after("ready", READY_WITHIN, () => this.#closed(0));
  }

  /** @param {unknown} frame */
  #receive(frame) {
    if (typeof frame !== "string") return;
    this.#watch();
    this.#heardAt = this.#env.wall();
    this.#unacknowledged += bytes.encode(frame).byteLength;
    const update = decode(frame);
    if (update?.type === "ready" && update.protocol !== this.#env.protocol) return this.#strange(update.protocol);
    if (update?.type === "ready") this.#ready();
    if (update) this.dispatchEvent(new CustomEvent("update", { detail: update }));
    if (update && isNumbered(update)) this.#handled[update.generation] = update.seq;
    this.#acknowledge();
  }

  /** A server that speaks otherwise: nothing is said to it (R99). @param {number} protocol */
  #strange(protocol) {
    this.#older += 1;
    if (protocol > this.#env.protocol || this.#older >= OLDER_AT_MOST) this.#end("outdated");
    else this.#closed(CLOSE.tryLater);
  }

  #ready() {
    this.#older = 0;
    clearTimeout(this.#timers.ready);
    this.#detour.ready();
    if (this.#detour.taken) this.#after("probe", PROBE_EVERY, () => this.#look());
    this.#enter("ready");
    this.#after("stable", STABLE_AFTER, () => (this.#failures = 0));
  }

  /** At most once a second, and after every 64 KiB, since the server holds the rest back. */
  #acknowledge() {
    const wait = this.#ackedAt + ACK_EVERY - this.#env.now();
    if (wait <= 0 || this.#unacknowledged >= ACK_BYTES) this.#ack();
    else if (this.#timers.ack === undefined) this.#after("ack", wait, () => this.#ack());
  }

  #ack() {
    clearTimeout(this.#timers.ack);
    this.#timers.ack = undefined;
    if (!this.send({ type: "ack", cursors: this.#handled })) return;
    this.#handled = {};
    this.#unacknowledged = 0;
    this.#ackedAt = this.#env.now();
  }

  /** A line can die without a word: silence is answered with a ping, more silence with a new socket. */
  #watch() {
    clearTimeout(this.#timers.pong);
    this.#after("ping", PING_AFTER, () => this.#ping(PONG_WITHIN));
  }

  /** @param {number} within milliseconds @param {() => void} [act] where nothing is heard */
  #ping(within, act = () => this.#closed(0)) {
    if (!this.send({ type: "ping" })) return;
    this.#after("pong", within, act);
  }

  /**
   * Somebody looks, or the line is back: nothing waits for a timer that was set before. One person
   * wakes at a time, so there is no crowd to spread.
   * @param {Event} event
   */
  #wake = ({ type }) => {
    if (globalThis.document?.visibilityState === "hidden" || this.#isOver) return;
    this.#failures = 0;
    if (this.#state === "waiting" || this.#isDead(type)) this.#connect();
    else if (this.#state === "ready") this.#ping(PONG_WITHIN_AWAKE, () => this.#connect());
  };

  get #isOver() {
    return ["stopped", "signed-out", "outdated"].includes(this.#state);
  }

  /** Whether the socket is certainly, or nearly so, of a line that is gone. @param {string} type of the event */
  #isDead(type) {
    if (this.#state === "connecting") return this.#env.wall() - this.#openedAt >= READY_WITHIN_AWAKE;
    // Another network has another address; and a ping would have been due, had nobody slept.
    return type === "online" || this.#env.wall() - this.#heardAt >= PING_AFTER + PONG_WITHIN;
  }

  /** @param {number} code of the close frame; 0 where this side gave up */
  #closed(code) {
    const refused = this.#state === "connecting";
    // With a code of the server's own the way was open.
    if (refused && code < CLOSE.restarting) this.#detour.failed(code === 0);
    this.#drop();
    if (code === CLOSE.signedOut || code === CLOSE.forbidden) return this.#end("signed-out");
    this.#enter("waiting");
    if (code === CLOSE.restarting)
      return this.#after("retry", this.#jitter(FIRST_DELAY), () => this.#connect());
    // A refused handshake and a dead line look alike from here; only HTTP tells a session that ended.
    if (refused) void this.#askWhoIAm();
    this.#after("retry", this.#delay(), () => this.#connect());
  }

  async #askWhoIAm() {
    try {
      const answer = await this.#env.fetch(this.#me, {
        headers: { Accept: "application/json" },
        cache: "no-store",
      });
      await answer.text();
      if (answer.status === 401 && this.#state !== "ready") this.#end("signed-out");
      if (!answer.ok || this.#state !== "waiting" || !this.#detour.take()) return;
      this.#failures = 0;
      this.#connect();
    } catch {
      // No line at all: the next try will tell.
    }
  }

  #look() {
    this.#detour.look(() => this.#connect());
    this.#after("probe", PROBE_EVERY, () => this.#look());
  }

  #delay() {
    const ceiling = Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures);
    this.#failures += 1;
    const delay = this.#atLeast + this.#jitter(ceiling);
    this.#atLeast = 0;
    return delay;
  }

  /** @param {number} ceiling */
  #jitter(ceiling) {
    return this.#env.random() * ceiling;
  }

  #drop() {
    for (const name of Object.keys(this.#timers)) clearTimeout(this.#timers[name]);
    this.#timers = {};
    this.#handled = {};
    this.#unacknowledged = 0;
    this.#ackedAt = this.#env.now();
    this.#detour.stopLooking();
    if (!this.#socket) return;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close();
    this.#socket = null;
  }

  /** @param {"signed-out" | "outdated" | "stopped"} state */
  #end(state) {
    globalThis.removeEventListener?.("online", this.#wake);
    globalThis.removeEventListener?.("pageshow", this.#wake);
    for (const name of AWAKE) globalThis.document?.removeEventListener(name, this.#wake);
    this.#drop();
    this.#enter(state);
  }

  /** @param {State} state */
  #enter(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: state }));
  }

  /** @param {string} name @param {number} milliseconds @param {() => void} act */
  #after(name, milliseconds, act) {
    clearTimeout(this.#timers[name]);
    this.#timers[name] = setTimeout(act, milliseconds);
  }
}
