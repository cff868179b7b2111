/**
 * A long conversation is shown from a message near its end on; what is above comes when the reader
 * scrolls there. The first time it is read over HTTP, after that it is known and only drawn.
 *
 * @typedef {import("./tree.js").Shown} Shown
 * @typedef {{session: import("./session.js").Session, draw: () => void, fail: (reason: string) => void}} Parts
 */
import { gettext } from "./i18n.js";

/** So many messages more at a time; as many as the server gives at first (conversations/views.py). */
const PAGE = 40;

export class Earlier {
  #link;
  #scroller;
  #parts;
  /** The first message that is shown, and the one above it. */
  #first = "";
  /** @type {string | null} */
  #above = null;
  #isBusy = false;

  /** @param {HTMLElement} link to the whole @param {HTMLElement} scroller @param {Parts} parts */
  constructor(link, scroller, parts) {
    this.#link = link;
    this.#scroller = scroller;
    this.#parts = parts;
  }

  start() {
    this.#link.addEventListener("click", (event) => {
      event.preventDefault();
      void this.#more();
    });
    const near = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) void this.#more();
      },
      { root: this.#scroller, rootMargin: "600px 0px 0px 0px" },
    );
    near.observe(this.#link);
  }

  /** The messages to show. @param {Shown[]} messages of the branch @returns {Shown[]} */
  window(messages) {
    const start = this.#startIn(messages);
    this.#startAt(messages[start]);
    this.#link.hidden = !messages.length || (start === 0 && messages[0].parent === null);
    return messages.slice(start);
  }

  /** Everything that is known. */
  all() {
    this.#first = "";
    this.#above = null;
  }

  /** @param {Shown[]} messages */
  #startIn(messages) {
    if (!this.#first) return 0;
    const same = messages.findIndex((message) => message.uuid === this.#first);
    if (same >= 0) return same;
    // Another version of it is shown now.
    const beside = messages.findIndex((message) => message.parent === this.#above);
    return beside >= 0 ? beside : Math.max(0, messages.length - PAGE);
  }

  /** @param {Shown | undefined} message */
  #startAt(message) {
    this.#first = message?.uuid ?? "";
    this.#above = message?.parent ?? null;
  }

  async #more() {
    if (this.#isBusy || this.#link.hidden) return;
    this.#isBusy = true;
    const { session, draw, fail } = this.#parts;
    const known = session.transcript.messages;
    if (!this.#above || known.has(this.#above) || (await session.whole())) {
      this.#widen();
      this.#keepingPlace(draw);
    } else fail(gettext("The older messages could not be loaded. Try again."));
    // Not before the page was drawn: the link may be in view at once again.
    requestAnimationFrame(() => (this.#isBusy = false));
  }

  #widen() {
    const { messages } = this.#parts.session.transcript;
    for (let more = 0; more < PAGE; more += 1) {
      const above = messages.get(this.#above ?? "");
      if (!above) return;
      this.#first = above.uuid;
      this.#above = above.parent;
    }
  }

  /** What the reader looks at stays where it is. @param {() => void} draw */
  #keepingPlace(draw) {
    const below = /** @type {HTMLElement | null} */ (this.#link.parentElement?.querySelector("[data-message]") ?? null);
    const before = below?.offsetTop ?? 0;
    const { scrollTop } = this.#scroller;
    draw();
    this.#scroller.scrollTop = scrollTop + (below?.offsetTop ?? 0) - before;
  }
}
