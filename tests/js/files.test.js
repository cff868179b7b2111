import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, template } from "./dom.js";
import { memory } from "./simulated.js";

const window = browser(template("conversations/_composer.html"));
const { Composer } = await import("../../static/js/composer.js");
const { Files } = await import("../../static/js/files.js");
const { Reading } = await import("../../static/js/reading.js");
const { Drafts } = await import("../../static/js/storage.js");
const { sizeWords } = await import("../../static/js/attachments.js");

/** @import { Attachment } from "../../static/js/protocol.js" */

const form = /** @type {HTMLFormElement} */ (window.document.querySelector("form"));
const field = /** @type {HTMLTextAreaElement} */ (window.document.querySelector("textarea"));
const input = /** @type {HTMLInputElement} */ (form.querySelector('[data-part="files-input"]'));
const chips = /** @type {HTMLElement} */ (form.querySelector('[data-part="chips"]'));
const send = /** @type {HTMLButtonElement} */ (form.querySelector('[data-part="send"]'));
chips.dataset.files = "/files/";
// What the server would have rendered.
for (const other of form.querySelectorAll('[data-part="model"]')) other.remove();
const model = window.document.createElement("input");
Object.assign(model.dataset, { part: "model", name: "Reader", images: "2", documents: "0" });
form.append(model);

/**
 * The uploads of one test, each answered when the test says so.
 * @type {{file: File, progress: (share: number) => void, done: (a: Attachment) => void, fail: (e: Error) => void,
 *   aborted: boolean}[]}
 */
let uploads = [];
/** @type {string[]} */
let discarded = [];
/** @type {object[]} */
let sent = [];
/** @type {string[]} */
let said = [];
/** @type {Storage} */
let store = memory();
/** @type {InstanceType<typeof Composer>[]} */
let started = [];

const transport = {
  upload(/** @type {string} */ _, /** @type {File} */ file, /** @type {(share: number) => void} */ progress) {
    const upload = { file, progress, done: (/** @type {Attachment} */ _) => {}, fail: (/** @type {Error} */ _) => {}, aborted: false };
    const promise = /** @type {Promise<Attachment>} */ (
      new Promise((resolve, reject) => ((upload.done = resolve), (upload.fail = reject)))
    );
    uploads.push(upload);
    return { promise, abort: () => (upload.aborted = true) };
  },
  async discard(/** @type {string} */ _, /** @type {string} */ id) {
    discarded.push(id);
  },
  async exists(/** @type {string} */ address) {
    return !missing.some((id) => address === `/files/${id}/original`);
  },
};
/** @type {string[]} ids of files that the server does not have any more */
let missing = [];

beforeEach(() => {
  for (const composer of started) composer.stop();
  chips.replaceChildren();
  [uploads, discarded, sent, said, started, missing, store] = [[], [], [], [], [], [], memory()];
  field.value = "";
});

/** @param {string | null} [conversation] */
function open(conversation = null) {
  const files = new Files(form, window.document, transport);
  const composer = new Composer(form, new Drafts("1", store), conversation, files);
  composer.addEventListener("send", (event) => sent.push(/** @type {CustomEvent} */ (event).detail));
  composer.addEventListener("say", (event) => said.push(/** @type {CustomEvent} */ (event).detail));
  composer.start();
  started.push(composer);
  return { composer, files };
}

/** @param {string} [name] @param {Partial<Attachment>} [more] @returns {Attachment} */
function attachment(name = "a.png", more = {}) {
  return { id: name, kind: "image", name, media_type: "image/png", size: 10, width: 40, height: 30, ...more };
}

/** @param {string} name @param {number} [size] */
function file(name, size = 10) {
  return /** @type {File} */ ({ name, size });
}

/** @param {number} at */
function chip(at = 0) {
  return /** @type {HTMLElement} */ (chips.children[at]);
}

/** @param {string} name */
function words(name) {
  return form.querySelector(`[data-part="${name}"]`)?.textContent ?? "";
}

/** @param {string} [text] */
function submit(text) {
  if (text !== undefined) {
    field.value = text;
    field.dispatchEvent(new window.Event("input", { bubbles: true }));
  }
  form.dispatchEvent(new window.Event("submit", { bubbles: true, cancelable: true }));
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

test("a file is uploaded at once, shown with its progress, and sent with the message", async () => {
  const { files } = open();
  files.add([file("a.png")]);
  assert.equal(chip().dataset.state, "uploading");
  uploads[0].progress(0.5);
  assert.equal(chip().querySelector("progress")?.value, 0.5);
  uploads[0].done(attachment());
  await settled();
  assert.equal(chip().dataset.state, "done");
  assert.equal(chip().querySelector("img")?.getAttribute("src"), "/files/a.png/thumbnail");
  assert.deepEqual(said, ["a.png is attached."]);
  submit("Look.");
  assert.deepEqual(sent, [{ text: "Look.", model: model.value, attachments: [attachment()] }]);
  assert.equal(chips.children.length, 0);
  assert.ok(chips.hidden);
});

test("files alone can be sent, and nothing cannot", async () => {
  const { files } = open();
  assert.ok(send.disabled);
  files.add([file("a.png")]);
  uploads[0].done(attachment());
  await settled();
  assert.ok(!send.disabled);
  submit();
  assert.equal(sent.length, 1);
});

test("a message waits for its files, and says so", () => {
  const { files } = open();
  files.add([file("a.png")]);
  submit("Look.");
  assert.deepEqual(sent, []);
  assert.equal(words("problem"), "The files are still being uploaded.");
  assert.equal(field.value, "Look.");
});

test("what could not be uploaded says why, and is not silently left out", async () => {
  const { files } = open();
  files.add([file("a.bin")]);
  uploads[0].fail(new Error("Only images can be attached."));
  await settled();
  assert.equal(chip().dataset.state, "failed");
  assert.equal(chip().querySelector('[data-part="chip-note"]')?.textContent, "Only images can be attached.");
  submit("Look.");
  assert.deepEqual(sent, []);
  assert.match(words("problem"), /^a\.bin is not uploaded/);
});

test("a file that is too large is not even uploaded", () => {
  input.dataset.maxBytes = "5";
  const { files } = open();
  files.add([file("a.png", 6)]);
  delete input.dataset.maxBytes;
  assert.equal(uploads.length, 0);
  assert.equal(chip().dataset.state, "failed");
});

test("a chip is removed by its button: broken off, or taken back from the server", async () => {
  const { files } = open();
  files.add([file("a.png"), file("b.png")]);
  uploads[1].done(attachment("b.png"));
  await settled();
  for (const name of ["a.png", "b.png"]) {
    const button = /** @type {HTMLElement} */ (form.querySelector(`[aria-label="Remove ${name}"]`));
    button.click();
  }
  assert.ok(uploads[0].aborted);
  assert.deepEqual(discarded, ["b.png"]);
  assert.equal(window.document.activeElement, field, "the keyboard is not lost");
  uploads[0].done(attachment());
  await settled();
  assert.deepEqual(discarded, ["b.png", "a.png"], "what arrived all the same goes again");
  assert.ok(send.disabled);
});

test("what was uploaded is there after a reload, and gone when it was sent (R96)", async () => {
  const first = open("c");
  first.files.add([file("a.png")]);
  uploads[0].done(attachment());
  await settled();
  first.composer.stop();
  chips.replaceChildren();
  const second = open("c");
  assert.equal(chips.children.length, 1);
  submit("Look.");
  second.composer.stop();
  open("c");
  assert.equal(chips.children.length, 0);
});

test("what the server does not have any more goes from the draft, and it is said (R96)", async () => {
  const first = open("c");
  first.files.restore([attachment("a.png"), attachment("b.png")]);
  first.composer.stop();
  chips.replaceChildren();
  missing = ["a.png"];
  open("c");
  await settled();
  assert.equal(words("chip-name"), "b.png");
  assert.deepEqual(said, ["a.png is not there any more."]);
  assert.deepEqual(new Drafts("1", store).files("c").map(({ id }) => id), ["b.png"]);
});

test("what the server did not take comes back with its files", async () => {
  const { files, composer } = open();
  files.add([file("a.png")]);
  uploads[0].done(attachment());
  await settled();
  submit("Look.");
  composer.giveBack("Look.", [attachment()], "Too fast.");
  assert.equal(chips.children.length, 1);
  assert.equal(field.value, "Look.");
});

test("what the picked model cannot read is said before it is sent, and not sent", async () => {
  const { files, composer } = open();
  composer.showAbove([attachment("x.pdf", { kind: "document" })]);
  const above = "Reader cannot read the documents above. It will be told only that they are there.";
  assert.equal(words("files-hint"), above);
  files.restore([attachment("y.pdf", { kind: "document" })]);
  const problem = "Reader cannot read documents. Choose another model, or remove them.";
  assert.equal(words("files-hint"), problem);
  submit("Read.");
  assert.deepEqual(sent, []);
  assert.equal(words("problem"), problem);
});

test("how many a model reads at a time is said", () => {
  const reader = new Reading(model);
  assert.equal(reader.problem([attachment(), attachment()]), "");
  assert.equal(
    reader.problem([attachment(), attachment(), attachment()]),
    "Reader reads 2 images at a time; there are 3.",
  );
  assert.equal(new Reading(null).hint([attachment()]).startsWith("This model cannot read the images"), true);
});

/** @param {string} type @param {string} name @param {object} fields */
function happen(type, name, fields) {
  const event = new window.Event(type, { bubbles: true, cancelable: true });
  Object.assign(event, { [name]: fields });
  field.dispatchEvent(event);
  return event;
}

test("files are dropped anywhere on the page, and words where they belong", () => {
  open();
  const zone = /** @type {HTMLElement} */ (form.querySelector('[data-part="drop"]'));
  const dropped = { types: ["Files"], files: [file("a.png")] };
  happen("dragenter", "dataTransfer", dropped);
  assert.ok(!zone.hidden);
  assert.ok(happen("dragover", "dataTransfer", dropped).defaultPrevented, "or the browser would open it");
  assert.ok(happen("drop", "dataTransfer", dropped).defaultPrevented);
  assert.ok(zone.hidden);
  assert.equal(uploads.length, 1);
  assert.ok(!happen("drop", "dataTransfer", { types: ["text/plain"], files: [] }).defaultPrevented);
});

test("an image is pasted, and text stays text", () => {
  open();
  const picture = { types: ["Files"], files: [file("")] };
  assert.ok(happen("paste", "clipboardData", picture).defaultPrevented);
  assert.equal(words("chip-name"), "Pasted image");
  const both = { types: ["text/plain", "Files"], files: [file("a.png")] };
  assert.ok(!happen("paste", "clipboardData", both).defaultPrevented);
  assert.equal(uploads.length, 1);
});

test("sizes are told as the server tells them", () => {
  const told = [1, 10, 1024, 1_572_864].map(sizeWords);
  assert.deepEqual(told, ["1\u00a0byte", "10\u00a0bytes", "1.0\u00a0KB", "1.5\u00a0MB"]);
});
