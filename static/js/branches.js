/**
 * From one version of a message to the next, without leaving the page. The address names the branch that
 * is shown, so that a reload, the way back and a copied address lead to it.
 *
 * @typedef {{session: import("./session.js").Session, scroll: import("./scroll.js").Scroll,
 *   announcer: import("./announcer.js").Announcer, draw: () => void}} Parts
 */
import { gettext } from "./i18n.js";
import { thread } from "./transcript.js";

export class Branches {
  #root;
  #parts;

  /** @param {HTMLElement} root of the thread @param {Parts} parts */
  constructor(root, parts) {
    this.#root = root;
    this.#parts = parts;
  }

  start() {
    this.#root.addEventListener("click", (event) => this.#clicked(event));
    this.#root.addEventListener("keydown", (event) => this.#key(event));
    this.#parts.session.addEventListener("change", () => this.#follow());
    globalThis.addEventListener("popstate", () => void this.#back());
  }

  /** @param {MouseEvent} event */
  #clicked(event) {
    const link = arrow(event.target);
    if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    void this.#go(link);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const steps = getComputedStyle(this.#root).direction === "rtl" ? ["next", "previous"] : ["previous", "next"];
    const step = steps[["ArrowLeft", "ArrowRight"].indexOf(event.key)];
    const siblings = /** @type {Element} */ (event.target).closest('[data-part="siblings"]');
    if (!step || !siblings || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    event.preventDefault();
    const link = arrow(siblings.querySelector(`[data-part="${step}"]`));
    if (link) void this.#go(link);
  }

  /** @param {HTMLElement} link */
  async #go(link) {
    const uuid = new URLSearchParams(link.getAttribute("href") ?? "").get("at") ?? "";
    const place = link.getBoundingClientRect().top;
    // What cannot be read just now is asked of the server as a page.
    const isKnown = (await this.#parts.session.whole()) && this.#parts.session.transcript.messages.has(uuid);
    if (!isKnown) return location.assign(`?at=${uuid}`);
    history.pushState(null, "", `?at=${uuid}`);
    this.#parts.session.show(uuid);
    this.#parts.scroll.stay();
    this.#parts.draw();
    this.#arrive(uuid, link.dataset.part ?? "", place);
  }

  /**
   * The arrows stay where they were, under the pointer and with the focus.
   * @param {string} uuid @param {string} part @param {number} place
   */
  #arrive(uuid, part, place) {
    const siblings = document.getElementById(`m-${uuid}`)?.querySelector('[data-part="siblings"]');
    const [same, other] = [part, part === "next" ? "previous" : "next"].map((name) =>
      arrow(siblings?.querySelector(`[data-part="${name}"]`) ?? null),
    );
    const link = same ?? other;
    if (!link) return;
    this.#parts.scroll.by(link.getBoundingClientRect().top - place);
    link.focus({ preventScroll: true });
    const told = this.#parts.session.transcript.messages.get(uuid)?.siblings;
    if (told) this.#parts.announcer.say(gettext("Version %(index)s of %(count)s", { index: told.index, count: told.count }));
  }

  /** A new message leads away from the branch that the address names. */
  #follow() {
    const at = asked();
    if (!at || thread(this.#parts.session.transcript).some((message) => message.uuid === at)) return;
    history.replaceState(null, "", location.pathname);
  }

  /** The way back, and forth: to another branch here; of another page the server knows what belongs there. */
  async #back() {
    const { session } = this.#parts;
    const here = location.pathname.includes(`/${session.transcript.conversation}/`);
    const uuid = asked() ?? session.transcript.newest ?? "";
    if (!here || !(await session.whole()) || !session.show(uuid)) location.reload();
  }
}

function asked() {
  return new URLSearchParams(location.search).get("at");
}

/** @param {EventTarget | null} target @returns {HTMLElement | null} the arrow that leads somewhere */
function arrow(target) {
  const link = /** @type {Element | null} */ (target)?.closest('[data-part="siblings"] a[href]');
  return /** @type {HTMLElement | null} */ (link ?? null);
}
