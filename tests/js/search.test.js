import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, template } from "./dom.js";
import { uuid } from "./simulated.js";

const window = browser(
  `<button data-act="open-search"></button>${template("conversations/_search.html")}
   <article class="message" id="m"><div class="message-text"><p>The <em>Moon</em> pulls, moon.</p></div></article>`,
);
Object.assign(globalThis, { sessionStorage: window.sessionStorage, Element: window.Element });
const { Search } = await import("../../static/js/search.js");
const { Finder } = await import("../../static/js/finder.js");
const { markFound, placesOf } = await import("../../static/js/found.js");

const dialog = /** @type {HTMLDialogElement} */ (window.document.getElementById("search-dialog"));
const field = /** @type {HTMLInputElement} */ (dialog.querySelector("input"));
const status = /** @type {HTMLElement} */ (dialog.querySelector("[data-part=status]"));
Object.assign(window.HTMLElement.prototype, {
  scrollIntoView() {},
  showModal() {
    /** @type {any} */ (this).open = true;
  },
  close() {
    /** @type {any} */ (this).open = false;
  },
});

/** @type {{address: URL, answer: (page: any) => void}[]} */
let asked = [];
/** @type {InstanceType<typeof Finder>} */
let search;

beforeEach(() => {
  search?.stop();
  asked = [];
  field.value = "";
  globalThis.fetch = /** @type {any} */ (
    (/** @type {string} */ address) =>
      new Promise((resolve) => {
        const answer = (/** @type {any} */ page) => resolve({ ok: page !== null, json: async () => page });
        asked.push({ address: new URL(address, "https://chat.example"), answer });
      })
  );
  search = new Finder(dialog, "/api/v1/conversations", "/");
  search.start();
  search.open();
});

/** @param {string} text */
async function type(text) {
  field.value = text;
  field.dispatchEvent(new window.Event("input", { bubbles: true }));
  press("Enter");
  await calm();
}

/** @param {string} key */
function press(key) {
  field.dispatchEvent(new window.KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
}

function calm() {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** @param {number} number @param {string[]} texts of the messages that were found */
function result(number, ...texts) {
  const hits = texts.map((text, at) => ({
    message: uuid(100 * number + at),
    role: "user",
    created_at: "2026-02-03T04:05:06Z",
    excerpt: [
      { text: "… ", hit: false },
      { text, hit: true },
    ],
  }));
  const found = { title: [{ text: `Talk ${number}`, hit: false }], hits };
  return { id: uuid(number), title: `Talk ${number}`, archived: false, updated_at: "2026-02-03T04:05:06Z", found };
}

function links() {
  return [...dialog.querySelectorAll("a")].map((link) => link.getAttribute("href"));
}

function chosen() {
  return [...dialog.querySelectorAll('[role="option"]')].findIndex(
    (option) => option.getAttribute("aria-selected") === "true",
  );
}

test("a result leads to its message, what was found is marked, and all of it is text (R27)", async () => {
  assert.ok(dialog.open);
  await type("tides");
  assert.equal(asked[0].address.searchParams.get("q"), "tides");
  asked[0].answer({ items: [result(1, "<img src=x onerror=alert(1)>", "b"), result(2)], next: null });
  await calm();
  assert.deepEqual(links(), [
    `/c/${uuid(1)}/?at=${uuid(100)}`,
    `/c/${uuid(1)}/?at=${uuid(101)}`,
    `/c/${uuid(2)}/`,
  ]);
  assert.equal(dialog.querySelector("img"), null);
  assert.equal(dialog.querySelector("mark")?.textContent, "<img src=x onerror=alert(1)>");
  assert.equal(status.textContent, "2 conversations");
});

test("the answer to what was typed before is ignored when it comes last", async () => {
  await type("ti");
  await type("tides");
  asked[1].answer({ items: [result(2)], next: null });
  await calm();
  asked[0].answer({ items: [result(1)], next: null });
  await calm();
  assert.deepEqual(links(), [`/c/${uuid(2)}/`]);
});

test("arrows choose and stay within the list, Enter opens", async () => {
  await type("tides");
  asked[0].answer({ items: [result(1), result(2)], next: null });
  await calm();
  assert.equal(chosen(), 0);
  press("ArrowDown");
  press("ArrowDown");
  assert.equal(chosen(), 1);
  assert.equal(field.getAttribute("aria-activedescendant"), `found-${uuid(2)}`);
  press("ArrowUp");
  press("ArrowUp");
  assert.equal(chosen(), 0);
  let opened = "";
  dialog.addEventListener(
    "click",
    (event) => {
      opened = /** @type {HTMLElement} */ (event.target).getAttribute("href") ?? "";
      event.preventDefault();
    },
    { once: true },
  );
  press("Enter");
  assert.equal(opened, `/c/${uuid(1)}/`);
});

test("nothing found, and no answer, are said in words", async () => {
  await type("tides");
  asked[0].answer({ items: [], next: null });
  await calm();
  assert.equal(status.textContent, "Nothing found for “tides”.");
  await type("seas");
  asked[1].answer(null);
  await calm();
  assert.equal(status.textContent, "The search did not answer. Press Enter to try again.");
  press("Enter");
  assert.equal(asked.length, 3);
  asked[2].answer({ items: [result(1)], next: null });
  await calm();
  assert.equal(status.textContent, "1 conversation");
  await type("");
  assert.deepEqual(links(), []);
});

test("the next page is read when the end of the list comes near", async () => {
  await type("tides");
  asked[0].answer({ items: [result(1)], next: "cursor" });
  await calm();
  dialog.querySelector('[role="listbox"]')?.dispatchEvent(new window.Event("scroll"));
  assert.equal(asked[1].address.searchParams.get("cursor"), "cursor");
  asked[1].answer({ items: [result(2)], next: null });
  await calm();
  assert.equal(links().length, 2);
});

test("on the page that a result leads to, message and words are marked once", () => {
  const message = /** @type {HTMLElement} */ (window.document.getElementById("m"));
  Object.assign(globalThis, { document: window.document });
  assert.deepEqual(
    placesOf(message, ["MOON"]).map((range) => range.toString()),
    ["Moon", "moon"],
  );
  window.sessionStorage.setItem("note:found", '["moon"]');
  markFound(message);
  assert.ok(message.classList.contains("is-found"));
  message.classList.remove("is-found");
  markFound(message);
  assert.ok(!message.classList.contains("is-found"));
});

test("the dialog comes when somebody wants it", async () => {
  search.stop();
  dialog.close();
  const way = new Search(dialog, "/api/v1/conversations", "/");
  way.start();
  /** @type {HTMLElement} */ (window.document.querySelector("[data-act=open-search]")).click();
  while (!dialog.open) await calm();
  assert.equal(status.textContent, "Search in everything you wrote and got.");
});
