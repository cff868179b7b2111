/**
 * The conversation on paper: what is not loaded yet is loaded first, and below the title stands when it was
 * written. The browser's own command prints what is there.
 *
 * @typedef {{session: import("./session.js").Session, draw: () => void, fail: (reason: string) => void}} Parts
 */
import { gettext, moment } from "./i18n.js";
import { thread } from "./transcript.js";
import { isRooted } from "./tree.js";

export class Printing {
  #button;
  #line;
  #parts;

  /** @param {HTMLElement} button @param {HTMLElement} line for the dates @param {Parts} parts */
  constructor(button, line, parts) {
    this.#button = button;
    this.#line = line;
    this.#parts = parts;
  }

  start() {
    this.#button.addEventListener("click", () => void this.#print());
    globalThis.addEventListener("beforeprint", () => this.#date());
  }

  async #print() {
    const { session, draw, fail } = this.#parts;
    const { messages, head } = session.transcript;
    if (!isRooted(messages, head) && !(await session.whole()))
      return fail(gettext("The older messages could not be loaded. Try again."));
    draw();
    globalThis.print();
  }

  #date() {
    const shown = thread(this.#parts.session.transcript);
    const times = shown.flatMap(({ created_at: at }) => (at ? [at] : []));
    const [first, last] = [times[0], times.at(-1)].map((at) => (at ? moment(at, { dateStyle: "long" }) : ""));
    const written = first === last ? first : `${first} – ${last}`;
    const printed = gettext("printed on %(when)s", { when: moment(new Date()) });
    this.#line.textContent = [written, printed].filter(Boolean).join(" · ");
  }
}
