import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { browser, template } from "./dom.js";
import { uuid } from "./simulated.js";

const window = browser(
  `<input name="csrfmiddlewaretoken" value="t">
  <article data-message="${uuid(2)}"><div data-part="text">As it was</div><button data-act="edit"></button><button id="more"></button></article>
  ${template("conversations/_turns.html")}
  <fieldset data-rating="down"></fieldset>`,
);
const { document } = window;
Object.assign(globalThis, {
  matchMedia: () => ({ matches: true }),
  getComputedStyle: window.getComputedStyle.bind(window),
  addEventListener: window.addEventListener.bind(window),
});
Object.assign(window.HTMLElement.prototype, { showPopover() {}, hidePopover() {}, scrollIntoView() {} });
const { Editing } = await import("../../static/js/editing.js");
const { Menu } = await import("../../static/js/menu.js");
const { Rating } = await import("../../static/js/rating.js");

const article = /** @type {HTMLElement} */ (document.querySelector("article"));
const more = /** @type {HTMLElement} */ (document.getElementById("more"));

/** @type {Map<string, string>} */
let kept = new Map();
const drafts = {
  edit: (/** @type {string} */ message) => kept.get(message) ?? "",
  setEdit: (/** @type {string} */ message, /** @type {string} */ text) => void kept.set(message, text),
};

afterEach(() => {
  kept = new Map();
  document.querySelector(".edit")?.remove();
});

/** @param {object} [fields] */
const question = (fields = {}) =>
  /** @type {any} */ ({ uuid: uuid(2), parent: null, role: "user", text: "As it was", ...fields });

function editing(message = question()) {
  const blank = /** @type {HTMLTemplateElement} */ (document.getElementById("edit-template"));
  const editor = new Editing(blank, drafts);
  editor.start(article, message);
  return editor;
}

const field = () => /** @type {HTMLTextAreaElement} */ (document.querySelector(".edit textarea"));

/** @param {string} text */
function type(text) {
  field().value = text;
  field().dispatchEvent(new Event("input", { bubbles: true }));
}

/** @param {Element} target @param {string} key @param {object} [more] */
function press(target, key, more = {}) {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  target.dispatchEvent(event);
  return event;
}

test("Escape leaves the question as it was, stops nothing else, and loses nothing typed", () => {
  const editor = editing();
  assert.equal(field().value, "As it was");
  type("As it should be");
  let heard = false;
  document.addEventListener("keydown", () => (heard = true), { once: true });
  assert.equal(press(field(), "Escape").defaultPrevented, true);
  assert.equal(heard, false);
  assert.equal(document.querySelector(".edit"), null);
  assert.equal(article.querySelector('[data-part="text"]')?.textContent, "As it was");
  assert.equal(document.activeElement?.getAttribute("data-act"), "edit");
  editor.start(article, question());
  assert.equal(field().value, "As it should be");
  /** @type {HTMLElement} */ (document.querySelector('[data-part="restore"]')).click();
  assert.equal(field().value, "As it was");
  assert.equal(kept.get(uuid(2)), "");
});

test("Enter sends it once; a word that an input method is taking, and an empty field, are not sent", () => {
  const editor = editing();
  /** @type {any[]} */
  const sent = [];
  editor.addEventListener("send", (event) => sent.push(/** @type {CustomEvent} */ (event).detail.text));
  press(field(), "Enter", { isComposing: true });
  press(field(), "Enter", { shiftKey: true });
  type("  ");
  press(field(), "Enter");
  assert.deepEqual(sent, []);
  type("Better");
  press(field(), "Enter");
  assert.deepEqual(sent, ["Better"]);
  assert.equal(document.querySelector(".edit"), null);
  assert.equal(kept.get(uuid(2)), "");
});

test("with files a question needs no words, and what cannot be sent stays open with the reason", () => {
  const editor = editing(question({ attachments: [{ id: uuid(5) }] }));
  type("");
  editor.addEventListener("send", (event) => (event.preventDefault(), editor.complain("Too long.")));
  press(field(), "Enter");
  const problem = /** @type {HTMLElement} */ (document.querySelector('.edit [data-part="problem"]'));
  assert.deepEqual([problem.textContent, problem.hidden], ["Too long.", false]);
});

test("arrow keys go round a menu past what does not fit, Escape and Tab close it", () => {
  const root = /** @type {HTMLElement} */ (document.getElementById("message-menu"));
  const menu = new Menu(root);
  menu.start();
  /** @type {any[]} */
  const chosen = [];
  menu.addEventListener("choose", (event) => chosen.push(/** @type {CustomEvent} */ (event).detail));
  const at = () => /** @type {HTMLElement} */ (document.activeElement).dataset.value;
  menu.toggle(more, ({ dataset }) => dataset.value !== "copy");
  assert.equal(more.getAttribute("aria-expanded"), "true");
  assert.equal(at(), "copy-link");
  press(/** @type {Element} */ (document.activeElement), "ArrowDown");
  assert.equal(at(), "copy-rich");
  press(/** @type {Element} */ (document.activeElement), "End");
  press(/** @type {Element} */ (document.activeElement), "ArrowDown");
  assert.equal(at(), "copy-link");
  assert.equal(press(/** @type {Element} */ (document.activeElement), "Escape").defaultPrevented, true);
  assert.equal(document.activeElement, more);
  assert.equal(more.getAttribute("aria-expanded"), "false");
  menu.toggle(more);
  /** @type {HTMLElement} */ (document.activeElement).click();
  assert.deepEqual(chosen, [{ value: "copy-link", message: uuid(2) }]);
});

test("a rating that could not be kept is told and not shown, and goes back at a second press", async () => {
  /** @type {any[]} */
  const asked = [];
  let ok = false;
  globalThis.fetch = /** @type {any} */ (
    async (/** @type {string} */ address, /** @type {any} */ { method, body }) => {
      asked.push([method, address, body && JSON.parse(body)]);
      return { ok, json: async () => ({ error: { detail: "Not now." } }) };
    }
  );
  const rating = new Rating(/** @type {HTMLElement} */ (document.getElementById("feedback")), "/api/v1/");
  rating.start();
  /** @type {any[]} */
  const told = [];
  for (const name of ["rated", "say", "fail"])
    rating.addEventListener(name, (event) => told.push([name, /** @type {CustomEvent} */ (event).detail]));
  await rating.press(more, uuid(2), "down", null);
  assert.deepEqual(told.splice(0), [["fail", "Not now."]]);
  ok = true;
  await rating.press(more, uuid(2), "down", null);
  /** @type {import("../../static/js/tree.js").Feedback} */
  const down = { rating: "down", reasons: [], comment: "" };
  assert.deepEqual(told.splice(0), [
    ["rated", { message: uuid(2), feedback: down }],
    ["say", "Thank you."],
  ]);
  await rating.press(more, uuid(2), "down", down);
  assert.deepEqual(told.splice(0), [
    ["rated", { message: uuid(2), feedback: null }],
    ["say", "Your rating was taken back."],
  ]);
  const address = `/api/v1/messages/${uuid(2)}/feedback`;
  assert.deepEqual(asked.slice(1), [
    ["PUT", address, { rating: "down" }],
    ["DELETE", address, undefined],
  ]);
});
