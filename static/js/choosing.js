/**
 * What a conversation is written with, as the page offers it: options, presets, thinking, whether it is
 * temporary, and the menu above it.
 *
 * @typedef {{options: import("./protocol.js").Options, system_prompt?: string,
 *   models: {id: string, name: string, thinks?: boolean, most?: number}[],
 *   presets?: import("./choices.js").Preset[], expires_at?: string | null}} Known
 */
import { Choices } from "./choices.js";
import { Effort } from "./effort.js";
import { gettext, moment } from "./i18n.js";
import { OptionsDialog } from "./options.js";
import { element } from "./page.js";
import { Presets } from "./presets.js";

const DAY = 86_400_000;
const NOBODY = "00000000-0000-0000-0000-000000000000";

export class Choosing {
  #session;
  #composer;
  #choices;
  #effort;
  #dialog;
  #presets;
  #expires;

  /**
   * @param {import("./session.js").Session} session
   * @param {import("./composer.js").Composer} composer
   * @param {string} api its address
   * @param {Known} known
   */
  constructor(session, composer, api, known) {
    this.#session = session;
    this.#composer = composer;
    this.#expires = known.expires_at ?? null;
    this.#choices = new Choices(session, `${api}conversations/`, known);
    this.#effort = new Effort(element("composer"), this.#choices, known.models);
    const root = /** @type {HTMLDialogElement} */ (element("options"));
    const model = () => composer.model;
    this.#dialog = new OptionsDialog(root, this.#choices, known.models, model);
    const select = /** @type {HTMLSelectElement} */ (element("preset"));
    const all = known.presets ?? [];
    this.#presets = new Presets(root, this.#dialog, select, this.#choices, `${api}presets`, model, all);
  }

  get choices() {
    return this.#choices;
  }

  start() {
    this.#choices.addEventListener("model", (event) => {
      this.#composer.pick(/** @type {CustomEvent} */ (event).detail);
      element("composer").dispatchEvent(new Event("change"));
    });
    this.#choices.addEventListener("change", () => this.#draw());
    this.#presets.addEventListener("say", (event) => {
      this.#composer.complain(/** @type {CustomEvent} */ (event).detail);
    });
    this.#box.addEventListener("change", () => (this.#choices.temporary = this.#box.checked));
    this.#session.addEventListener("conversation", (event) => this.#told(event));
    const menu = element("conversation-menu");
    menu.addEventListener("toggle", () => this.#aim(menu));
    menu.addEventListener("click", (event) => this.#act(event, menu));
    this.#choices.start();
    this.#effort.start();
    this.#dialog.start();
    this.#presets.start();
  }

  /** A new conversation got its place. @param {string} conversation @returns whether it is temporary */
  begun(conversation) {
    if (this.#choices.temporary) this.#lasts();
    const menu = element("conversation-menu");
    for (const name of ["href", "action"]) {
      for (const each of menu.querySelectorAll(`[${name}]`))
        each.setAttribute(name, (each.getAttribute(name) ?? "").replace(NOBODY, conversation));
    }
    this.#draw();
    return this.#expires !== null;
  }

  /** It is temporary, and began just now, as far as this page knows. */
  #lasts() {
    this.#expires ??= new Date(Date.now() + DAY).toISOString();
    this.#choices.temporary = false;
  }

  /** @param {Event} event */
  #told(event) {
    const update = /** @type {CustomEvent<import("./protocol.js").ConversationChanged>} */ (event).detail;
    if (update.conversation === this.#session.transcript.conversation && update.temporary) this.#lasts();
  }

  #draw() {
    const { isNew, temporary } = this.#choices;
    for (const each of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-existing]")))
      each.hidden = isNew || (each.dataset.existing === "temporary" && !this.#expires);
    this.#box.checked = temporary;
    /** @type {HTMLElement} */ (this.#box.parentElement).hidden = !isNew;
    const note = element("temporary-note");
    note.hidden = !temporary && !this.#expires;
    const until = this.#expires
      ? gettext("It is deleted for good after %(moment)s.", { moment: moment(this.#expires) })
      : gettext("It is deleted for good a day after it begins.");
    const words = /** @type {HTMLElement} */ (note.querySelector('[data-part="until"]'));
    if (words.textContent !== until) words.textContent = until;
  }

  /** The files have the branch that is shown. @param {HTMLElement} menu */
  #aim(menu) {
    const { head } = this.#session.transcript;
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (menu.querySelectorAll("a[download]"))) {
      const address = new URL(link.href);
      if (head) address.searchParams.set("at", head);
      link.href = address.href;
    }
  }

  /** @param {Event} event @param {HTMLElement} menu */
  #act(event, menu) {
    const item = /** @type {Element} */ (event.target).closest(".menu-item");
    if (!item) return;
    menu.hidePopover();
    if (item.getAttribute("data-act") !== "options") return;
    this.#presets.opened();
    this.#dialog.open();
  }

  get #box() {
    return /** @type {HTMLInputElement} */ (element("temporary"));
  }
}
