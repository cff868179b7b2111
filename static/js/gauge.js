/**
 * How full the model's window is, what lies behind the figure, and whether what is no longer sent is
 * summed up. Shown once an answer knows it.
 *
 * @typedef {import("./protocol.js").Context} Context
 * @typedef {Record<string, unknown>} Options  of the conversation
 */
import { gettext, ngettext, number } from "./i18n.js";

export class Gauge {
  #button;
  #meter;
  #words;
  #panel;
  #save;
  /** @type {Options} */
  #options = {};

  /**
   * @param {HTMLElement} composer where it stands
   * @param {HTMLElement} panel that opens from it
   * @param {(fields: {options?: Options, summary?: string}) => Promise<string>} save why it was not saved, or nothing
   */
  constructor(composer, panel, save) {
    const button = /** @type {HTMLElement} */ (composer.querySelector('[data-part="gauge"]'));
    this.#button = button;
    this.#meter = /** @type {HTMLMeterElement} */ (button.querySelector("meter"));
    this.#words = /** @type {HTMLElement} */ (button.querySelector('[data-part="words"]'));
    this.#panel = panel;
    this.#save = save;
  }

  /** @param {{options?: object, summary?: string}} conversation */
  start(conversation) {
    this.show(conversation);
    this.#box.addEventListener("change", () => void this.#chosen());
    this.#part("summary-form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#written();
    });
  }

  /** @param {Context | null} context of the newest answer */
  draw(context) {
    this.#button.hidden = !context;
    if (!context) return;
    const share = Math.min(1, context.tokens / Math.max(1, context.budget));
    const percent = number(share, { style: "percent" });
    const words = figures(context);
    if (this.#words.textContent === percent && this.#part("figures").textContent === words) return;
    this.#meter.value = share;
    this.#words.textContent = percent;
    this.#part("figures").textContent = words;
    this.#button.title = gettext("%(percent)s of what this model can be sent at once is used", { percent });
    this.#button.setAttribute("aria-label", gettext("Context: %(words)s", { words: this.#button.title }));
  }

  /** What the server says of the conversation. @param {{options?: object, summary?: string}} fields */
  show({ options, summary }) {
    if (options) {
      this.#options = { ...options };
      this.#box.checked = this.#options.summarize === true;
      this.#part("summary-form").hidden = !this.#box.checked;
    }
    // What is being typed there is newer than what the model wrote.
    if (summary !== undefined && document.activeElement !== this.#text) this.#text.value = summary;
  }

  async #chosen() {
    const before = this.#options;
    const options = { ...before, summarize: this.#box.checked };
    this.show({ options });
    if (!(await this.#saved({ options }, ""))) this.show({ options: before });
  }

  async #written() {
    await this.#saved({ summary: this.#text.value }, gettext("Saved."));
  }

  /** @param {{options?: Options, summary?: string}} fields @param {string} done */
  async #saved(fields, done) {
    const reason = await this.#save(fields);
    this.#part("said").textContent = reason || done;
    return !reason;
  }

  get #box() {
    return /** @type {HTMLInputElement} */ (this.#part("summarize"));
  }

  get #text() {
    return /** @type {HTMLTextAreaElement} */ (this.#part("summary"));
  }

  /** @param {string} name */
  #part(name) {
    const part = this.#panel.querySelector(`[data-part="${name}"]`);
    if (!part) throw new Error(`The panel of the context has no part "${name}".`);
    return /** @type {HTMLElement} */ (part);
  }
}

/** @param {Context} context */
export function figures(context) {
  const { tokens, budget, counted, left_out, summarised } = context;
  const values = { tokens: number(tokens), budget: number(budget) };
  const sent = counted
    ? gettext(
        "The last question was sent with %(tokens)s tokens (counted by the model); %(budget)s fit beside an answer.",
        values,
      )
    : gettext(
        "The last question was sent with about %(tokens)s tokens (an estimate); %(budget)s fit beside an answer.",
        values,
      );
  return `${sent} ${goneWords(left_out, summarised)}`;
}

/** @param {number} count of messages that were not sent @param {boolean} summarised */
function goneWords(count, summarised) {
  if (!count) return gettext("Everything was sent.");
  return summarised
    ? ngettext(
        "%(count)s message was left out; a summary was sent in their place.",
        "%(count)s messages were left out; a summary was sent in their place.",
        count,
      )
    : ngettext("%(count)s message was left out.", "%(count)s messages were left out.", count);
}
