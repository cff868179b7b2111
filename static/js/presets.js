/**
 * Presets: chosen where a conversation begins, and kept, changed and deleted in the dialog of the options.
 *
 * Events: "say" (detail: what a person is told of a preset where no dialog is open).
 *
 * @typedef {import("./choices.js").Preset} Preset
 */
import { gettext } from "./i18n.js";
import { call, read } from "./site.js";

export class Presets extends EventTarget {
  #dialog;
  #options;
  #select;
  #choices;
  #address;
  #model;
  /** @type {Preset[]} */
  #all;
  /** @type {string} the id of the one that is being changed */
  #editing = "";

  /**
   * @param {HTMLElement} dialog of the options
   * @param {import("./options.js").OptionsDialog} options
   * @param {HTMLSelectElement} select where a conversation begins
   * @param {import("./choices.js").Choices} choices
   * @param {string} address of the HTTP API for them
   * @param {() => string | undefined} model the one that is picked
   * @param {Preset[]} all
   */
  constructor(dialog, options, select, choices, address, model, all) {
    super();
    this.#dialog = dialog;
    this.#options = options;
    this.#select = select;
    this.#choices = choices;
    this.#address = address;
    this.#model = model;
    this.#all = all;
  }

  start() {
    this.#select.addEventListener("change", () => void this.#chosen());
    this.#choices.addEventListener("change", () => (this.#select.value = this.#choices.preset));
    this.#part("presets").addEventListener("click", (event) => void this.#act(event));
    this.#part("preset-form").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#save();
    });
    this.#part("preset-cancel").addEventListener("click", () => {
      this.#edit("");
      this.#options.fill();
    });
    this.#draw();
    const usual = this.#all.find((preset) => preset.default);
    if (usual && this.#choices.isNew) void this.#use(usual);
  }

  /** The dialog opens. */
  opened() {
    this.#edit("");
  }

  async #chosen() {
    const preset = this.#all.find((each) => each.id === this.#select.value);
    if (preset) await this.#use(preset);
    else await this.#choices.keep({ options: {}, system_prompt: "" });
  }

  /** @param {Preset} preset */
  async #use(preset) {
    const problem = await this.#choices.use(preset);
    const words = problem || (preset.usable ? "" : gone(preset));
    this.#options.fill();
    this.#options.say(words);
    if (words) this.dispatchEvent(new CustomEvent("say", { detail: words }));
  }

  /** @param {Event} event */
  async #act(event) {
    const button = /** @type {Element} */ (event.target).closest("button");
    const id = /** @type {HTMLElement | null} */ (button?.closest("[data-preset]") ?? null)?.dataset.preset;
    const preset = this.#all.find((each) => each.id === id);
    if (!button || !preset) return;
    const act = button.dataset.act;
    if (act === "use-preset") await this.#use(preset);
    if (act === "edit-preset") this.#edit(preset.id);
    if (act === "default-preset")
      await this.#done(call(preset.default ? "DELETE" : "PUT", `${this.#address}/${id}/default`));
    if (act === "delete-preset") await this.#done(call("DELETE", `${this.#address}/${id}`));
  }

  /** Puts one into the fields, to be changed there; nothing: the next one that is kept is new. @param {string} id */
  #edit(id) {
    const preset = this.#all.find((each) => each.id === id);
    this.#editing = preset?.id ?? "";
    this.#name.value = preset?.name ?? "";
    this.#part("preset-save").textContent = preset
      ? gettext("Save the changed preset")
      : gettext("Save as a preset");
    this.#part("preset-cancel").hidden = !preset;
    this.#choice.value = preset?.model ?? this.#model() ?? "";
    if (!preset) return;
    this.#options.fill(preset);
    this.#options.say(preset.usable ? "" : gettext("Its model is not available: choose another one."));
    this.#name.focus();
  }

  async #save() {
    if (!this.#options.isValid) return;
    const body = { name: this.#name.value, model: this.#choice.value, ...this.#options.said };
    const problem = this.#editing
      ? await call("PATCH", `${this.#address}/${this.#editing}`, body)
      : await call("POST", this.#address, body);
    if (problem) return this.#options.say(problem);
    if (this.#editing) this.#options.fill();
    this.#edit("");
    await this.#done(Promise.resolve(""), gettext("The preset is saved."));
  }

  /** @param {Promise<string>} doing why it was not done @param {string} [words] */
  async #done(doing, words = "") {
    const problem = await doing;
    const page = problem ? null : await read(this.#address);
    if (page) this.#all = page.items;
    this.#draw();
    this.#options.say(problem || words, !problem);
  }

  #draw() {
    const rows = this.#all.map((preset) => this.#row(preset));
    this.#part("presets").replaceChildren(...rows);
    const groups = [false, true].map((shared) => this.#group(shared));
    this.#select.replaceChildren(option("", gettext("No preset")), ...groups.filter((group) => group.children.length));
    this.#select.value = this.#choices.preset;
    /** @type {HTMLElement} */ (this.#select.parentElement).hidden = !this.#all.length;
  }

  /** @param {boolean} shared */
  #group(shared) {
    const group = document.createElement("optgroup");
    group.label = shared ? gettext("Shared presets") : gettext("My presets");
    const those = this.#all.filter((preset) => preset.shared === shared);
    group.append(...those.map((preset) => option(preset.id, preset.name)));
    return group;
  }

  /** @param {Preset} preset */
  #row(preset) {
    const template = /** @type {HTMLTemplateElement} */ (this.#part("preset-row"));
    const row = /** @type {HTMLElement} */ (document.importNode(template.content, true).firstElementChild);
    row.dataset.preset = preset.id;
    part(row, "preset-name").textContent = preset.name;
    const notes = [preset.shared ? gettext("shared") : "", preset.usable ? "" : gettext("model not available")];
    part(row, "preset-note").textContent = notes.filter(Boolean).join(" · ");
    const usual = /** @type {HTMLElement} */ (row.querySelector('[data-act="default-preset"]'));
    usual.setAttribute("aria-pressed", String(preset.default));
    for (const act of ["edit-preset", "delete-preset"])
      /** @type {HTMLElement} */ (row.querySelector(`[data-act="${act}"]`)).hidden = preset.shared;
    for (const button of row.querySelectorAll("button"))
      button.setAttribute("aria-label", `${button.textContent?.trim()}: ${preset.name}`);
    return row;
  }

  get #choice() {
    return /** @type {HTMLSelectElement} */ (this.#part("preset-model"));
  }

  get #name() {
    return /** @type {HTMLInputElement} */ (this.#part("preset-title"));
  }

  /** @param {string} name */
  #part(name) {
    return part(this.#dialog, name);
  }
}

/** @param {Preset} preset */
function gone(preset) {
  return gettext("The model of the preset “%(name)s” cannot be used here; the picked one stays.", {
    name: preset.name,
  });
}

/** @param {string} value @param {string} words */
function option(value, words) {
  const made = document.createElement("option");
  made.value = value;
  made.textContent = words;
  return made;
}

/** @param {Element} root @param {string} name @returns {HTMLElement} */
function part(root, name) {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (!found) throw new Error(`The presets have no part "${name}".`);
  return /** @type {HTMLElement} */ (found);
}
