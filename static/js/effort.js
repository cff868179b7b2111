/**
 * How much the model is to think before it answers, where it thinks on request.
 */
export class Effort {
  #form;
  #choices;
  #thinking;
  /** @type {HTMLSelectElement} */
  #select;

  /**
   * @param {HTMLElement} form of the composer
   * @param {import("./choices.js").Choices} choices
   * @param {{id: string, thinks?: boolean}[]} models
   */
  constructor(form, choices, models) {
    this.#form = form;
    this.#choices = choices;
    this.#thinking = new Set(models.filter((model) => model.thinks).map((model) => model.id));
    this.#select = /** @type {HTMLSelectElement} */ (form.querySelector('[data-part="effort"]'));
  }

  start() {
    this.#form.addEventListener("change", (event) => this.#changed(event));
    this.#choices.addEventListener("change", () => this.#draw());
    this.#draw();
  }

  /** @param {Event} event */
  #changed({ target }) {
    if (target !== this.#select) return this.#draw();
    const { reasoning_effort: _, reasoning_budget: __, ...others } = this.#choices.options;
    const chosen = /** @type {"low" | "medium" | "high" | ""} */ (this.#select.value);
    void this.#keep(chosen ? { ...others, reasoning_effort: chosen } : others);
  }

  /** @param {import("./choices.js").Options} options */
  async #keep(options) {
    const problem = await this.#choices.keep({ options });
    this.#select.setCustomValidity(problem);
    if (problem) this.#select.reportValidity();
  }

  #draw() {
    const model = /** @type {HTMLInputElement | null} */ (this.#form.querySelector('[data-part="model"]'));
    const { reasoning_effort: effort = "", reasoning_budget: budget = 0 } = this.#choices.options;
    /** @type {HTMLElement} */ (this.#select.parentElement).hidden = !this.#thinking.has(model?.value ?? "");
    this.#select.value = effort || (budget ? nearest(budget) : "");
  }
}

/** The effort that a budget in tokens comes to. @param {number} budget */
function nearest(budget) {
  if (budget <= 2_048) return "low";
  return budget <= 8_192 ? "medium" : "high";
}
