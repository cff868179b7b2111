import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, template } from "./dom.js";
import { memory } from "./simulated.js";

const window = browser(template("conversations/_composer.html"));
const { Composer } = await import("../../static/js/composer.js");
const { Drafts } = await import("../../static/js/storage.js");

const form = /** @type {HTMLFormElement} */ (window.document.querySelector("form"));
const field = /** @type {HTMLTextAreaElement} */ (window.document.querySelector("textarea"));

/** @type {Storage} */
let store = memory();
/** @type {string[]} */
let sent = [];
/** @type {InstanceType<typeof Composer>[]} */
let started = [];

beforeEach(() => {
  for (const composer of started) composer.stop();
  [store, sent, started, field.value] = [memory(), [], [], ""];
});

/** @param {string | null} [conversation] */
function open(conversation = null) {
  const composer = new Composer(form, new Drafts("1", store), conversation);
  composer.addEventListener("send", (event) => sent.push(/** @type {CustomEvent} */ (event).detail.text));
  composer.start();
  started.push(composer);
  return composer;
}

/** @param {string} text */
function type(text) {
  field.value = text;
  field.dispatchEvent(new window.Event("input", { bubbles: true }));
}

/** @param {KeyboardEventInit} [keys] */
function enter(keys = {}) {
  const event = new window.KeyboardEvent("keydown", {
    key: "Enter",
    bubbles: true,
    cancelable: true,
    ...keys,
  });
  field.dispatchEvent(event);
  return event;
}

test("Enter sends and empties the field", () => {
  open();
  type("Hello");
  assert.ok(enter().defaultPrevented);
  assert.deepEqual(sent, ["Hello"]);
  assert.equal(field.value, "");
});

for (const [name, keys] of Object.entries({
  "Shift and Enter": { shiftKey: true },
  "an input method": { isComposing: true },
  "an input method in Safari": { keyCode: 229 },
})) {
  test(`${name} sends nothing`, () => {
    open();
    type("Hello");
    assert.equal(enter(keys).defaultPrevented, false);
    assert.deepEqual(sent, []);
    assert.equal(field.value, "Hello");
  });
}

test("white space is not sent", () => {
  open();
  type(" \n ");
  enter();
  assert.deepEqual(sent, []);
});

test("a draft survives a reload, each in its conversation (R96)", () => {
  open("a");
  type("half a thought");
  field.value = "";
  open("b");
  assert.equal(field.value, "");
  open("a");
  assert.equal(field.value, "half a thought");
});

test("what was sent is no draft any more, and what was typed since is (R96)", () => {
  open("a");
  type("Hello");
  enter();
  type("and");
  field.value = "";
  open("a");
  assert.equal(field.value, "and");
});

test("a refused text comes back with the reason, before what was typed since", () => {
  const composer = open();
  type("Hello");
  enter();
  type("More");
  composer.giveBack("Hello", [], "Too fast.");
  assert.equal(field.value, "Hello\n\nMore");
  const problem = /** @type {HTMLElement} */ (form.querySelector('[data-part="problem"]'));
  assert.equal(problem.textContent, "Too fast.");
  assert.equal(problem.hidden, false);
});

test("what nobody takes stays in the field", () => {
  const composer = open();
  composer.addEventListener("send", (event) => event.preventDefault());
  type("Hello");
  enter();
  assert.equal(field.value, "Hello");
});

test("while an answer is written the button stops it, and a message can be sent to wait for its end", () => {
  const composer = open();
  const [send, stop] = ["send", "stop"].map(
    (name) => /** @type {HTMLButtonElement} */ (form.querySelector(`[data-part="${name}"]`)),
  );
  let stops = 0;
  composer.addEventListener("stop", () => (stops += 1));
  composer.showWriting(true);
  assert.deepEqual([send.hidden, stop.hidden], [true, false]);
  type("Next");
  assert.deepEqual([send.hidden, stop.hidden], [false, false]);
  stop.click();
  assert.equal(stops, 1);
  assert.deepEqual(sent, []);
  enter();
  assert.deepEqual(sent, ["Next"]);
  assert.equal(send.hidden, true);
  composer.showWriting(false);
  assert.deepEqual([send.hidden, stop.hidden], [false, true]);
});

test("starting twice sends once, and a stopped composer sends nothing", () => {
  const composer = open();
  composer.start();
  type("Hello");
  enter();
  assert.deepEqual(sent, ["Hello"]);
  composer.stop();
  type("Again");
  enter();
  assert.deepEqual(sent, ["Hello"]);
});

test("picking another model is told, and a model that is not offered is left alone", () => {
  const composer = open();
  const picker = /** @type {HTMLSelectElement} */ (window.document.querySelector("select"));
  picker.replaceChildren(new window.Option("One", "one"), new window.Option("Two", "two"));
  let told = 0;
  composer.addEventListener("pick", () => (told += 1));
  picker.value = "two";
  picker.dispatchEvent(new window.Event("change"));
  assert.equal(composer.model, "two");
  composer.pick("three");
  assert.equal(composer.model, "two");
  composer.pick("one");
  assert.equal(composer.model, "one");
  assert.equal(told, 1);
});
