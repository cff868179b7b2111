/** From message to message by keyboard. */

export class Wander {
  #thread;
  #scroller;

  /** @param {HTMLElement} thread @param {HTMLElement} scroller */
  constructor(thread, scroller) {
    this.#thread = thread;
    this.#scroller = scroller;
  }

  /** @param {-1 | 0 | 1} step 0: to the one that is read now @returns {boolean} whether there is one */
  by(step) {
    const messages = /** @type {HTMLElement[]} */ ([...this.#thread.querySelectorAll("[data-message]")]);
    const at = messages.findIndex((message) => message.contains(document.activeElement));
    const from = at < 0 ? this.#read(messages) : at;
    // From elsewhere the first step is to the message that is read, not past it.
    const to = messages[Math.max(0, Math.min(messages.length - 1, at < 0 ? from : from + step))];
    if (!to) return false;
    visit(to);
    return true;
  }

  /** The last one that begins above the middle of what is seen. @param {HTMLElement[]} messages */
  #read(messages) {
    const { top, height } = this.#scroller.getBoundingClientRect();
    const found = messages.findLastIndex((each) => each.getBoundingClientRect().top < top + height / 2);
    return Math.max(0, found);
  }
}

/** Only those that somebody was at can take the focus: a dialog gives it back to them. @param {HTMLElement} message */
export function visit(message) {
  message.tabIndex = -1;
  message.focus({ preventScroll: true });
  message.scrollIntoView({ block: "start" });
}
