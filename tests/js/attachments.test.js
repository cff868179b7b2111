import assert from "node:assert/strict";
import { test } from "node:test";

import { browser } from "./dom.js";

const item = (/** @type {string} */ id) => `<li data-file="${id}"><a data-part="link"><img data-part="thumbnail" hidden>
  <span data-part="file-name"></span><small data-part="file-size"></small></a></li>`;
const { document } = browser(`
  <ul id="mine" data-files="/files/" hidden></ul>
  <template><ul data-part="attachments">${item("")}</ul></template>`);
const { AttachmentsView } = await import("../../static/js/attachments.js");

const list = /** @type {HTMLElement} */ (document.getElementById("mine"));
const blank = /** @type {HTMLTemplateElement} */ (document.querySelector("template")).content;
const size = { size: 2048, width: 40, height: 30 };
const picture = /** @type {const} */ ({ id: "p/1", kind: "image", name: "<b>.png", media_type: "image/png", ...size });
const notes = /** @type {const} */ ({ ...picture, id: "d", kind: "document", name: "notes.md", width: null });

test("the files of a message are links to what is theirs, and images are shown small", () => {
  list.innerHTML = item("");
  new AttachmentsView(list, blank).draw([picture, { ...notes, height: null }]);
  assert.ok(!list.hidden);
  assert.deepEqual(
    [...list.querySelectorAll("a")].map((link) => link.getAttribute("href")),
    ["/files/p%2F1/original", "/files/d/original"],
  );
  const [image, none] = list.querySelectorAll("img");
  assert.equal(image.getAttribute("src"), "/files/p%2F1/thumbnail");
  assert.equal(image.getAttribute("width"), "40");
  assert.ok(none.hidden);
  assert.equal(list.querySelector('[data-part="file-name"]')?.textContent, "<b>.png", "a name is words");
  assert.equal(list.querySelector('[data-part="file-size"]')?.textContent, "2.0\u00a0KB");
});

test("what the server has rendered stays, and a clone of the empty message has none", () => {
  list.innerHTML = item("d");
  const rendered = list.firstElementChild;
  const view = new AttachmentsView(list, blank);
  view.draw([notes]);
  assert.equal(list.firstElementChild, rendered);
  view.draw([]);
  assert.ok(list.hidden);
  list.innerHTML = item("");
  new AttachmentsView(list, blank).draw([]);
  assert.equal(list.children.length, 0);
});
