import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, template } from "./dom.js";
import { CONVERSATION } from "./simulated.js";

const window = browser(
  `<input name="csrfmiddlewaretoken" value="t"><select id="preset"></select>${template("conversations/_options.html")}`,
);
const { Choices } = await import("../../static/js/choices.js");
const { OptionsDialog } = await import("../../static/js/options.js");
const { Presets } = await import("../../static/js/presets.js");

/** @type {import("../../static/js/choices.js").Preset} */
const EDITOR = {
  id: "99999999-aaaa-4bbb-8ccc-dddddddddd07",
  name: "Editor",
  model: "second",
  system_prompt: "Be brief.",
  options: { temperature: 0.2, reasoning_effort: "low" },
  shared: false,
  usable: true,
  default: false,
};
const SHARED = { ...EDITOR, id: "99999999-aaaa-4bbb-8ccc-dddddddddd08", name: "House", shared: true, usable: false };

/** @type {{method: string, address: string, body: any}[]} */
let asked = [];
/** What the server says next: a reason why not, or nothing. */
let problem = "";
/** @type {any[]} */
let kept = [];
globalThis.fetch = /** @type {any} */ (
  async (/** @type {string} */ address, /** @type {RequestInit} */ { method = "GET", body }) => {
    asked.push({ method, address, body: body && JSON.parse(String(body)) });
    const answer = problem ? { error: { detail: problem } } : { items: kept };
    return { ok: !problem, status: problem ? 400 : 200, json: async () => answer };
  }
);

beforeEach(() => {
  asked = [];
  problem = "";
  kept = [];
});

/** @param {string | null} conversation @param {import("../../static/js/choices.js").Preset[]} [all] */
function open(conversation, all = []) {
  const session = /** @type {any} */ (
    Object.assign(new EventTarget(), { transcript: { conversation }, options: {} })
  );
  const choices = new Choices(session, "/api/v1/conversations/", {});
  const original = /** @type {HTMLElement} */ (window.document.getElementById("options"));
  const root = /** @type {any} */ (original.cloneNode(true));
  const select = /** @type {HTMLSelectElement} */ (
    /** @type {HTMLElement} */ (window.document.getElementById("preset")).cloneNode()
  );
  window.document.createElement("label").append(select);
  for (const id of ["first", "second"]) {
    const option = window.document.createElement("option");
    option.value = id;
    root.querySelector('[data-part="preset-model"]').append(option);
  }
  root.close = () => (root.closed = true);
  const models = [{ id: "first", name: "First", most: 500 }];
  const dialog = new OptionsDialog(root, choices, models, () => "first");
  const presets = new Presets(root, dialog, select, choices, "/api/v1/presets", () => "first", all);
  choices.start();
  dialog.start();
  presets.start();
  dialog.fill();
  const part = (/** @type {string} */ name) => root.querySelector(`[data-part="${name}"]`);
  /** @param {HTMLElement} form */
  const submit = async (form) => {
    form.dispatchEvent(new window.Event("submit", { cancelable: true }));
    await settled();
  };
  return { session, choices, dialog, presets, root, select, part, submit };
}

async function settled() {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

test("what is chosen goes with the first message of a new conversation", async () => {
  const { session, part, submit, root } = open(null);
  part("system-prompt").value = "  Rhyme. ";
  part("temperature").value = "0.5";
  part("length").value = "300";
  await submit(part("options-form"));
  assert.deepEqual(session.options, { system_prompt: "Rhyme.", temperature: 0.5, max_tokens: 300 });
  assert.deepEqual(asked, []);
  assert.equal(root.closed, true);
});

test("what the server refuses is said, and what was typed stays", async () => {
  const { choices, part, submit, root } = open(CONVERSATION);
  problem = "The server is busy just now.";
  part("length").value = "400";
  await submit(part("options-form"));
  assert.equal(asked[0]?.address, `/api/v1/conversations/${CONVERSATION}`);
  assert.deepEqual(asked[0]?.body.options, { max_tokens: 400 });
  assert.equal(part("options-said").textContent, problem);
  assert.equal(part("length").value, "400");
  assert.deepEqual(choices.options, {});
  assert.notEqual(root.closed, true);
});

test("the length that the model writes is shown, and more is refused before anything is sent", async () => {
  const { part, submit, session } = open(null);
  assert.equal(part("limits").textContent, "First writes at most 500 tokens.");
  part("length").value = "501";
  await submit(part("options-form"));
  assert.equal(part("options-said").textContent, "First writes at most 500 tokens.");
  assert.deepEqual(session.options, {});
});

test("a preset is sent by its id, until something of it is changed", async () => {
  const { session, choices, select, part, submit } = open(null, [EDITOR, SHARED]);
  assert.deepEqual([...select.options].map((each) => each.textContent), ["No preset", "Editor", "House"]);
  /** @type {string[]} */
  const picked = [];
  choices.addEventListener("model", (event) => picked.push(/** @type {CustomEvent} */ (event).detail));
  select.value = EDITOR.id;
  select.dispatchEvent(new window.Event("change"));
  await settled();
  assert.deepEqual(picked, ["second"]);
  assert.equal(session.options.preset, EDITOR.id);
  assert.equal(session.options.system_prompt, "Be brief.");
  await submit(part("options-form"));
  assert.equal(session.options.preset, EDITOR.id, "saved as it is");
  part("temperature").value = "";
  await submit(part("options-form"));
  assert.deepEqual(session.options, { system_prompt: "Be brief.", reasoning_effort: "low" });
  assert.equal(select.value, "");
});

test("a preset whose model is gone says so, and gives all else", async () => {
  const { session, presets, select } = open(null, [SHARED]);
  /** @type {string[]} */
  const said = [];
  presets.addEventListener("say", (event) => said.push(/** @type {CustomEvent} */ (event).detail));
  select.value = SHARED.id;
  select.dispatchEvent(new window.Event("change"));
  await settled();
  assert.match(said.join(), /House.*cannot be used here/);
  assert.equal(session.options.system_prompt, "Be brief.");
});

test("new conversations begin with the person's default", async () => {
  const usual = { ...EDITOR, default: true };
  const { session } = open(null, [usual]);
  await settled();
  assert.equal(session.options.preset, usual.id);
  const { session: old } = open(CONVERSATION, [usual]);
  await settled();
  assert.deepEqual(old.options, {});
  assert.deepEqual(asked, []);
});

test("presets are kept, changed and deleted from the dialog", async () => {
  const { choices, part, submit } = open(null, [EDITOR, SHARED]);
  part("system-prompt").value = "Rhyme.";
  part("preset-title").value = "Poet";
  part("preset-model").value = "first";
  kept = [EDITOR, SHARED];
  await submit(part("preset-form"));
  const poet = { name: "Poet", model: "first", system_prompt: "Rhyme.", options: {} };
  assert.deepEqual(asked[0], { method: "POST", address: "/api/v1/presets", body: poet });
  const [own, shared] = part("presets").children;
  assert.equal(shared.querySelector('[data-act="edit-preset"]').hidden, true);
  assert.match(shared.textContent, /shared · model not available/);
  own.querySelector('[data-act="edit-preset"]').click();
  assert.equal(part("system-prompt").value, "Be brief.");
  assert.deepEqual(choices.options, {}, "to edit one is not to use it");
  part("temperature").value = "0.9";
  await submit(part("preset-form"));
  const changed = asked.find((each) => each.method === "PATCH");
  assert.equal(changed?.address, `/api/v1/presets/${EDITOR.id}`);
  assert.deepEqual(changed?.body.options, { temperature: 0.9, reasoning_effort: "low" });
  part("presets").children[0].querySelector('[data-act="delete-preset"]').click();
  await settled();
  assert.ok(asked.some((each) => each.method === "DELETE" && each.address.endsWith(EDITOR.id)));
});

test("another tab's choice is shown, and what is not about it changes nothing", async () => {
  const { session, choices } = open(CONVERSATION);
  const tell = async (/** @type {object} */ fields) => {
    const detail = { conversation: CONVERSATION, ...fields };
    session.dispatchEvent(new window.CustomEvent("conversation", { detail }));
    await settled();
  };
  await tell({ options: { temperature: 1 }, system_prompt: "Hm." });
  assert.deepEqual([choices.options, choices.systemPrompt], [{ temperature: 1 }, "Hm."]);
  let changes = 0;
  choices.addEventListener("change", () => changes++);
  await tell({ running: false });
  assert.equal(changes, 0);
});

test("a temporary conversation is asked for with the first message", () => {
  const { session, choices } = open(null);
  choices.temporary = true;
  assert.deepEqual(session.options, { temporary: true });
  choices.temporary = false;
  assert.deepEqual(session.options, {});
});
