import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, template } from "./dom.js";
import { CONVERSATION } from "./simulated.js";

const window = browser(`<input name="csrfmiddlewaretoken" value="t"><form>${template("conversations/_effort.html")}<input data-part="model"></form>`);
const { Choices } = await import("../../static/js/choices.js");
const { Effort } = await import("../../static/js/effort.js");

const select = /** @type {HTMLSelectElement} */ (window.document.querySelector("select"));
const model = /** @type {HTMLInputElement} */ (window.document.querySelector("input"));
const models = [
  { id: "thinker", name: "Thinker", thinks: true },
  { id: "plain", name: "Plain", thinks: false },
];
/** @type {{address: string, body: any}[]} */
let asked = [];
globalThis.fetch = /** @type {any} */ (
  async (/** @type {string} */ address, /** @type {RequestInit} */ { body }) => {
    asked.push({ address, body: JSON.parse(String(body)) });
    return { ok: true, status: 200, json: async () => ({}) };
  }
);

beforeEach(() => {
  asked = [];
  model.value = "thinker";
});

/** @param {string | null} conversation @param {object} options */
function open(conversation, options = {}) {
  const form = /** @type {HTMLElement} */ (select.form?.cloneNode(true));
  const session = /** @type {any} */ (
    Object.assign(new EventTarget(), { transcript: { conversation }, options: {} })
  );
  /** @type {HTMLInputElement} */ (form.querySelector('[data-part="model"]')).value = model.value;
  const choices = new Choices(session, "/api/v1/conversations/", { options });
  choices.start();
  new Effort(form, choices, models).start();
  const effort = /** @type {HTMLSelectElement} */ (form.querySelector("select"));
  const pick = (/** @type {HTMLElement} */ field, /** @type {string} */ value) => {
    /** @type {HTMLInputElement} */ (field).value = value;
    field.dispatchEvent(new window.Event("change", { bubbles: true }));
  };
  return { session, effort, pick, model: /** @type {HTMLInputElement} */ (form.querySelector('[data-part="model"]')) };
}

test("only a model that thinks on request is asked to", () => {
  const { effort, pick, model } = open(null);
  assert.equal(effort.parentElement?.hidden, false);
  pick(model, "plain");
  assert.equal(effort.parentElement?.hidden, true);
});

test("what is chosen goes with the first message of a new conversation", () => {
  const { effort, pick, session } = open(null);
  pick(effort, "medium");
  assert.deepEqual(session.options, { reasoning_effort: "medium" });
  assert.deepEqual(asked, []);
});

test("what is chosen in a conversation is kept beside its other options", () => {
  const { effort, pick } = open(CONVERSATION, { temperature: 0.2, reasoning_budget: 5_000 });
  assert.equal(effort.value, "medium");
  pick(effort, "");
  const address = `/api/v1/conversations/${CONVERSATION}`;
  assert.deepEqual(asked, [{ address, body: { options: { temperature: 0.2 } } }]);
});

test("another tab's choice is shown", async () => {
  const { effort, session } = open(CONVERSATION);
  const detail = { conversation: CONVERSATION, options: { reasoning_effort: "high" } };
  session.dispatchEvent(new window.CustomEvent("conversation", { detail }));
  await Promise.resolve();
  assert.equal(effort.value, "high");
});
