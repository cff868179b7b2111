/**
 * What can be done with a message that is shown: another answer, another wording, a copy, a link to it, a
 * rating. The buttons are in the message, menus and forms once on the page (_turns.html).
 *
 * @typedef {import("./tree.js").Message} Message
 * @typedef {{button: HTMLElement, article: HTMLElement, message: Message}} On  which button of which message
 * @typedef {{session: import("./session.js").Session, composer: import("./composer.js").Composer,
 *   scroll: import("./scroll.js").Scroll, announcer: import("./announcer.js").Announcer,
 *   drafts: import("./editing.js").Drafts, api: string, draw: () => void, stop: () => void}} Parts
 */
import { Branches } from "./branches.js";
import { copy, copyRich } from "./copy.js";
import { Editing } from "./editing.js";
import { gettext } from "./i18n.js";
import { Menu } from "./menu.js";
import { detail, element } from "./page.js";
import { Rating } from "./rating.js";
import { isAnswering } from "./session.js";
import { call } from "./site.js";

const DONE_FOR = 2_000;

export class Turns {
  #root;
  #parts;
  #models = new Menu(element("models-menu"));
  #more = new Menu(element("message-menu"));
  #editing;
  #rating;
  #branches;

  /** @param {HTMLElement} root of the thread @param {Parts} parts */
  constructor(root, parts) {
    this.#root = root;
    this.#parts = parts;
    this.#editing = new Editing(/** @type {HTMLTemplateElement} */ (element("edit-template")), parts.drafts);
    this.#rating = new Rating(element("feedback"), parts.api);
    this.#branches = new Branches(root, parts);
  }

  start() {
    const { session, announcer, composer } = this.#parts;
    this.#root.addEventListener("click", (event) => this.#clicked(event));
    for (const each of [this.#models, this.#more, this.#rating, this.#branches]) each.start();
    this.#models.addEventListener("choose", (event) => {
      const { value, message } = detail(event);
      this.#again(() => session.regenerate(message, value));
    });
    this.#more.addEventListener("choose", (event) => void this.#chosen(detail(event)));
    this.#editing.addEventListener("send", (event) => this.#send(event));
    this.#rating.addEventListener("rated", (event) => session.rate(detail(event).message, detail(event).feedback));
    this.#rating.addEventListener("say", (event) => announcer.say(detail(event)));
    this.#rating.addEventListener("fail", (event) => composer.complain(detail(event)));
  }

  /** @type {Record<string, (on: On) => unknown>} by the name of the button */
  #acts = {
    regenerate: ({ message }) =>
      this.#again(() => this.#parts.session.regenerate(message.uuid, this.#parts.composer.model)),
    models: ({ button }) => this.#models.toggle(button),
    continue: ({ message }) => this.#again(() => this.#parts.session.continueAnswer(message.uuid)),
    stop: () => this.#parts.stop(),
    edit: ({ article, message }) => this.#editing.start(article, message),
    pin: ({ message }) => this.#pin(message),
    copy: ({ button, message }) => this.#copy(message.text, button),
    good: (on) => this.#rate(on, "up"),
    bad: (on) => this.#rate(on, "down"),
    more: ({ button, message }) => this.#more.toggle(button, ({ dataset }) => fits(dataset.value, message)),
  };

  /** @param {Event} event */
  #clicked(event) {
    const button = /** @type {HTMLElement | null} */ (
      /** @type {Element} */ (event.target).closest("[data-act]")
    );
    const on = button && this.#on(button);
    if (on) void this.#acts[button.dataset.act ?? ""]?.(on);
  }

  /** @param {HTMLElement} button @returns {On | null} */
  #on(button) {
    const article = /** @type {HTMLElement | null} */ (button.closest("[data-message]"));
    const message = this.#parts.session.transcript.messages.get(article?.dataset.message ?? "");
    return article && message ? { button, article, message } : null;
  }

  /** @param {{value: string, message: string}} chosen in the menu */
  async #chosen({ value, message: uuid }) {
    const message = this.#parts.session.transcript.messages.get(uuid);
    const article = document.getElementById(`m-${uuid}`);
    const button = /** @type {HTMLElement | null} */ (article?.querySelector('[data-act="more"]') ?? null);
    if (!message || !article || !button) return;
    if (value === "copy") await this.#copy(message.text, button);
    if (value === "copy-rich" && (await copyRich(message.text))) this.#done(button);
    if (value === "copy-link") await this.#copy(this.#addressOf(uuid), button);
    if (value === "rate" && message.feedback) this.#rating.open(button, uuid, message.feedback);
  }

  /** One answer at a time. @param {() => void} ask */
  #again(ask) {
    const { session, composer } = this.#parts;
    if (isAnswering(session.transcript) || session.sending.length) return;
    composer.complain("");
    ask();
    this.#goOn();
  }

  /** What was pressed is gone: to the end, and the focus to where one writes, unless that opens a keyboard on the glass. */
  #goOn() {
    this.#parts.scroll.toEnd();
    if (matchMedia("(hover: hover)").matches) this.#parts.composer.focus();
  }

  /** @param {Event} event */
  #send(event) {
    const { text, message } = detail(event);
    const { session, composer } = this.#parts;
    const { parent, attachments = [] } = /** @type {Message} */ (message);
    if (session.send(text, composer.model, attachments, { parent })) return this.#goOn();
    event.preventDefault();
    this.#editing.complain(gettext("This is longer than one message can be."));
  }

  /** Keeps a message in the model's view, or lets it go; every tab hears of it as a change. @param {Message} message */
  async #pin({ uuid, pinned }) {
    const { announcer, composer, api } = this.#parts;
    const reason = await call(pinned ? "DELETE" : "PUT", `${api}messages/${uuid}/pin`);
    composer.complain(reason);
    announcer.say(reason || (pinned ? gettext("No longer kept.") : gettext("Kept in the model’s view.")));
  }

  /** @param {On} on @param {"up" | "down"} rating */
  #rate({ button, message }, rating) {
    return this.#rating.press(button, message.uuid, rating, message.feedback ?? null);
  }

  /** @param {string} text @param {HTMLElement} button */
  async #copy(text, button) {
    if (await copy(text)) this.#done(button);
  }

  /** @param {string} uuid of a message */
  #addressOf(uuid) {
    return new URL(`?at=${uuid}#m-${uuid}`, location.href).href;
  }

  /** @param {HTMLElement} button */
  #done(button) {
    button.classList.add("is-done");
    setTimeout(() => button.classList.remove("is-done"), DONE_FOR);
    this.#parts.announcer.say(gettext("Copied."));
  }
}

/** Which entries of the menu are about a message. @param {string | undefined} value @param {Message} message */
function fits(value, { role, text, feedback }) {
  if (value === "copy-link") return true;
  if (value === "rate") return Boolean(feedback);
  return role === "assistant" && text !== "";
}
