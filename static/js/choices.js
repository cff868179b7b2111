/**
 * What the next answers of the conversation are written with. Of a new conversation it goes with the first
 * message; of an existing one it is kept at once, and its other tabs hear of it.
 *
 * Events: "change", "model" (detail: the id of the model that a preset has).
 *
 * @typedef {import("./protocol.js").Options} Options  here without what only begins a conversation
 * @typedef {{id: string, name: string, model: string, system_prompt: string, options: Options,
 *   shared: boolean, usable: boolean, default: boolean}} Preset
 */
import { change } from "./site.js";

export class Choices extends EventTarget {
  #session;
  #conversations;
  /** @type {Options} */
  #options;
  #systemPrompt;
  /** @type {string} the preset that all of it is of, as long as nothing was changed since */
  #preset = "";
  #temporary = false;

  /**
   * @param {import("./session.js").Session} session
   * @param {string} conversations address of the HTTP API for them
   * @param {{options?: Options, system_prompt?: string}} known
   */
  constructor(session, conversations, { options = {}, system_prompt = "" }) {
    super();
    this.#session = session;
    this.#conversations = conversations;
    this.#options = options;
    this.#systemPrompt = system_prompt;
  }

  get options() {
    return this.#options;
  }

  get systemPrompt() {
    return this.#systemPrompt;
  }

  get preset() {
    return this.#preset;
  }

  get temporary() {
    return this.#temporary;
  }

  set temporary(temporary) {
    this.#temporary = temporary;
    this.#tell();
  }

  get isNew() {
    return this.#session.transcript.conversation === null;
  }

  start() {
    this.#session.addEventListener("conversation", (event) => this.#told(event));
    this.#tell();
  }

  /**
   * @param {{options?: Options, system_prompt?: string, model?: string}} fields
   * @returns {Promise<string>} why it was not kept, and then all is as it was; nothing where it was
   */
  async keep(fields) {
    const before = { options: this.#options, system_prompt: this.#systemPrompt, preset: this.#preset };
    this.#become({ ...fields, preset: "" });
    const { conversation } = this.#session.transcript;
    if (!conversation) return "";
    const problem = await change(`${this.#conversations}${conversation}`, fields);
    if (problem) this.#become(before);
    return problem;
  }

  /** Everything that a preset says, but for a model that cannot be used. @param {Preset} preset */
  async use({ id, options, system_prompt, model, usable }) {
    const problem = await this.keep({ options, system_prompt, ...(usable ? { model } : {}) });
    if (problem) return problem;
    this.#become({ preset: this.isNew ? id : "" });
    if (usable) this.dispatchEvent(new CustomEvent("model", { detail: model }));
    return "";
  }

  /** @param {Event} event */
  #told(event) {
    const update = /** @type {CustomEvent<import("./protocol.js").ConversationChanged>} */ (event).detail;
    if (update.conversation !== this.#session.transcript.conversation) return;
    const { options, system_prompt } = update;
    if (!options && system_prompt === undefined) return;
    // Whoever is told of another model shows it first.
    queueMicrotask(() => this.#become({ ...(options && { options }), system_prompt }));
  }

  /** @param {{options?: Options, system_prompt?: string, preset?: string}} fields */
  #become({ options = this.#options, system_prompt = this.#systemPrompt, preset = this.#preset }) {
    this.#options = options;
    this.#systemPrompt = system_prompt;
    this.#preset = preset;
    this.#tell();
  }

  #tell() {
    this.#session.options = {
      ...this.#options,
      ...(this.#systemPrompt && { system_prompt: this.#systemPrompt }),
      ...(this.#preset && { preset: this.#preset }),
      ...(this.#temporary && { temporary: true }),
    };
    this.dispatchEvent(new Event("change"));
  }
}
