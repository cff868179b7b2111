/**
 * The dialog of a conversation's options: what its next answers are written with, in fields that are kept
 * together.
 */
import { gettext, number } from "./i18n.js";

/**
 * @typedef {import("./choices.js").Options} Options
 * @typedef {{id: string, name: string, most?: number | null}} Model  most: tokens that it writes
 */

export class OptionsDialog {
  #root;
  #choices;
  #models;
  #model;
  /** @type {Options} what the fields were filled from */
  #shown = {};

  /**
   * @param {HTMLDialogElement} root
   * @param {import("./choices.js").Choices} choices
   * @param {Model[]} models
   * @param {() => string | undefined} model the one that is picked
   */
  constructor(root, choices, models, model) {
    this.#root = root;
    this.#choices = choices;
    this.#models = new Map(models.map((each) => [each.id, each]));
    this.#model = model;
  }

  start() {
    this.#part("options-form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#save();
    });
    this.#part("close").addEventListener("click", () => this.#root.close());
  }

  open() {
    this.say("");
    this.fill();
    this.#part("when").textContent = this.#choices.isNew
      ? gettext("For the conversation that begins with your next message.")
      : gettext("For the next answers of this conversation.");
    this.#root.showModal();
  }

  /** Shows what is chosen, or what a preset says. @param {{system_prompt: string, options: Options}} [shown] */
  fill({ system_prompt, options } = { system_prompt: this.#choices.systemPrompt, options: this.#choices.options }) {
    const model = this.#models.get(this.#model() ?? "");
    this.#shown = options;
    this.#field("system-prompt").value = system_prompt;
    this.#field("temperature").value = String(options.temperature ?? "");
    this.#field("length").value = String(options.max_tokens ?? "");
    this.#part("limits").textContent = model?.most ? limit(model) : "";
  }

  /** What the fields say, with the options that have none. */
  get said() {
    const { temperature: _, max_tokens: __, ...others } = this.#shown;
    const [warmth, length] = [this.#field("temperature").value, this.#field("length").value];
    return {
      system_prompt: this.#field("system-prompt").value.trim(),
      options: {
        ...others,
        ...(warmth && { temperature: Number(warmth) }),
        ...(length && { max_tokens: Number(length) }),
      },
    };
  }

  /** Whether the fields hold what can be kept; says so where they do not. */
  get isValid() {
    return /** @type {HTMLFormElement} */ (this.#part("options-form")).reportValidity();
  }

  /** @param {string} words nothing: all is well @param {boolean} [done] whether they are good news */
  say(words, done = false) {
    this.#part("options-said").textContent = words;
    this.#part("options-said").classList.toggle("is-done", done);
  }

  async #save() {
    const { system_prompt, options } = this.said;
    const model = this.#models.get(this.#model() ?? "");
    // Said here already: of a new conversation the server would say it with the first message only.
    if (model?.most && (options.max_tokens ?? 0) > model.most) return this.say(limit(model));
    const same =
      system_prompt === this.#choices.systemPrompt && sorted(options) === sorted(this.#choices.options);
    // What was not touched stays that of its preset.
    const problem = same ? "" : await this.#choices.keep({ system_prompt, options });
    if (problem) this.say(problem);
    else this.#root.close();
  }

  /** @param {string} name @returns {HTMLInputElement | HTMLTextAreaElement} */
  #field(name) {
    return /** @type {HTMLInputElement} */ (this.#part(name));
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    const part = this.#root.querySelector(`[data-part="${name}"]`);
    if (!part) throw new Error(`The dialog of the options has no part "${name}".`);
    return /** @type {HTMLElement} */ (part);
  }
}

/** @param {Model} model */
function limit({ name, most }) {
  return gettext("%(model)s writes at most %(most)s tokens.", { model: name, most: number(most ?? 0) });
}

/** @param {Options} options */
function sorted(options) {
  return JSON.stringify(Object.entries(options).sort());
}
