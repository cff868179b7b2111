/**
 * Which way frames go: over a WebSocket, or, where none can be opened but the site answers, over HTTP
 * (`events.js`) until there is a WebSocket again (R98).
 *
 * @typedef {Pick<WebSocket, "send" | "close"> & {onmessage: ((event: any) => void) | null,
 *   onclose: ((event: any) => void) | null}} Socket
 * @typedef {{socket: (url: string) => Socket, detour: (() => Socket) | null, recall: () => boolean,
 *   remember: (taken: boolean) => void}} Ways  recall, remember: whether this tab took the detour before
 */

/** Handshakes that fail in a row before it is taken. */
const REFUSALS = 2;

export class Detour {
  #url;
  /** @type {Ways} */
  #ways;
  /** @type {Socket | null} a WebSocket that is tried while the detour is in use */
  #probe = null;
  #refusals = 0;

  /** @param {string} url of the WebSocket @param {Ways} ways */
  constructor(url, ways) {
    this.#url = url;
    this.#ways = ways;
    this.taken = ways.detour !== null && ways.recall();
  }

  open() {
    return this.taken && this.#ways.detour ? this.#ways.detour() : this.#ways.socket(this.#url);
  }

  /** What was opened never became ready. @param {boolean} unanswered which one time is enough to tell */
  failed(unanswered) {
    // The way over HTTP fails too: next time the straight one is as good.
    if (this.taken) this.taken = false;
    else this.#refusals = unanswered ? REFUSALS : this.#refusals + 1;
  }

  /** The site answers; whether that is reason to go another way now. */
  take() {
    if (!this.#ways.detour || this.taken || this.#refusals < REFUSALS) return false;
    this.taken = true;
    return true;
  }

  ready() {
    if (!this.taken) this.#refusals = 0;
    this.#ways.remember(this.taken);
  }

  /** Tries a WebSocket, beside the detour, which goes on until one has worked. @param {() => void} found */
  look(found) {
    this.stopLooking();
    this.#probe = this.#ways.socket(this.#url);
    this.#probe.onmessage = () => {
      this.taken = false;
      found();
    };
  }

  stopLooking() {
    if (this.#probe) this.#probe.onmessage = null;
    this.#probe?.close();
    this.#probe = null;
  }
}
