import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, template } from "./dom.js";
import { uuid } from "./simulated.js";

const row = template("conversations/_conversation.html");
const window = browser(
  `<aside id="sidebar"><nav data-part="list"></nav></aside><template id="row">${row}</template>`,
);
const { Sidebar } = await import("../../static/js/sidebar.js");

const root = /** @type {HTMLElement} */ (window.document.getElementById("sidebar"));
const list = /** @type {HTMLElement} */ (root.querySelector("nav"));
/** @type {string[]} */
let posted = [];
let ok = true;
/** @type {InstanceType<typeof Sidebar>} */
let sidebar;

beforeEach(() => {
  sidebar?.stop();
  list.replaceChildren();
  [posted, ok] = [[], true];
  globalThis.fetch = /** @type {any} */ (
    async (/** @type {string} */ address) => (posted.push(new URL(address).pathname), { ok })
  );
  sidebar = new Sidebar(root, /** @type {HTMLTemplateElement} */ (window.document.getElementById("row")));
  sidebar.start();
});

function titles() {
  return [...root.querySelectorAll(".conversation-link")].map((link) => link.textContent);
}

function calm() {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** @param {string} selector */
function click(selector) {
  /** @type {HTMLElement} */ (root.querySelector(selector)).click();
}

test("a conversation that begins elsewhere appears at the top", () => {
  sidebar.apply({ id: uuid(1), title: "First", running: false });
  sidebar.apply({ id: uuid(2), title: "Second", running: true });
  assert.deepEqual(titles(), ["Second", "First"]);
  assert.equal(root.querySelector(".conversation-link")?.getAttribute("href"), `/c/${uuid(2)}/`);
  assert.ok(root.querySelector(".conversation")?.classList.contains("is-running"));
});

test("a title is text (R27)", () => {
  sidebar.apply({ id: uuid(1), title: "<img src=x onerror=alert(1)>" });
  assert.equal(root.querySelector("img"), null);
  assert.deepEqual(titles(), ["<img src=x onerror=alert(1)>"]);
});

test("what was used goes to the top", () => {
  sidebar.apply({ id: uuid(1), title: "First" });
  sidebar.apply({ id: uuid(2), title: "Second" });
  sidebar.apply({ id: uuid(1), updated_at: "2026-02-03T04:05:06Z" });
  assert.deepEqual(titles(), ["First", "Second"]);
});

test("what was deleted elsewhere goes, with the group that it leaves empty", () => {
  sidebar.apply({ id: uuid(1), title: "First" });
  sidebar.apply({ id: uuid(1), deleted: true });
  assert.equal(list.childElementCount, 0);
  sidebar.apply({ id: uuid(9), deleted: true });
  assert.equal(list.childElementCount, 0);
});

test("deleted here: told to the server, gone from the list, brought back by undo", async () => {
  /** @type {any[]} */
  const told = [];
  sidebar.addEventListener("deleted", (event) => told.push(/** @type {CustomEvent} */ (event).detail));
  sidebar.apply({ id: uuid(1), title: "First" });
  click('form[data-act="delete"] button');
  await calm();
  assert.deepEqual(posted, [`/c/${uuid(1)}/delete/`]);
  assert.deepEqual(told, [{ id: uuid(1), title: "First" }]);
  assert.deepEqual(titles(), []);
  await sidebar.restore(uuid(1), "First");
  assert.equal(posted[1], `/c/${uuid(1)}/restore/`);
  assert.deepEqual(titles(), ["First"]);
});

test("what the server would not delete stays", async () => {
  ok = false;
  sidebar.apply({ id: uuid(1), title: "First" });
  click('form[data-act="delete"] button');
  await calm();
  assert.deepEqual(titles(), ["First"]);
});

/** @param {string} title */
async function rename(title) {
  click('[data-act="start-rename"]');
  /** @type {HTMLInputElement} */ (root.querySelector('input[name="title"]')).value = title;
  /** @type {HTMLFormElement} */ (root.querySelector('form[data-act="rename"]')).requestSubmit();
  await calm();
}

test("renamed in place", async () => {
  sidebar.apply({ id: uuid(1), title: "First" });
  await rename("Tides");
  assert.deepEqual(posted, [`/c/${uuid(1)}/rename/`]);
  assert.deepEqual(titles(), ["Tides"]);
  assert.equal(root.querySelector(".is-renaming"), null);
});

test("a title that the server did not take is taken back", async () => {
  sidebar.apply({ id: uuid(1), title: "First" });
  ok = false;
  await rename("Tides");
  assert.deepEqual(titles(), ["First"]);
});

test("Escape leaves the title as it was", () => {
  sidebar.apply({ id: uuid(1), title: "First" });
  click('[data-act="start-rename"]');
  const field = /** @type {HTMLInputElement} */ (root.querySelector('input[name="title"]'));
  field.value = "Tides";
  field.dispatchEvent(
    new window.KeyboardEvent("keydown", { key: "Escape", bubbles: true, cancelable: true }),
  );
  assert.deepEqual(titles(), ["First"]);
  assert.deepEqual(posted, []);
  assert.equal(root.querySelector(".is-renaming"), null);
});

test("read again after time without a connection", () => {
  sidebar.apply({ id: uuid(1), title: "Gone" });
  sidebar.apply({ id: uuid(2), title: "Old title" });
  sidebar.startReading();
  sidebar.reconcile(
    [
      { id: uuid(3), title: "New" },
      { id: uuid(2), title: "New title" },
    ],
    true,
  );
  assert.deepEqual(titles(), ["New", "New title"]);
});

test("what changed while the list was read is newer than what was read", () => {
  sidebar.apply({ id: uuid(1), title: "Deleted" });
  sidebar.apply({ id: uuid(2), title: "New conversation" });
  sidebar.startReading();
  sidebar.apply({ id: uuid(1), deleted: true });
  sidebar.apply({ id: uuid(2), title: "Tides" });
  sidebar.apply({ id: uuid(3), title: "Begun meanwhile" });
  sidebar.reconcile(
    [
      { id: uuid(2), title: "New conversation" },
      { id: uuid(1), title: "Deleted" },
    ],
    true,
  );
  assert.deepEqual(titles(), ["Begun meanwhile", "Tides"]);
});

test("the conversation that the page shows is marked, alone", () => {
  sidebar.apply({ id: uuid(1), title: "First" });
  sidebar.mark(uuid(1));
  sidebar.mark(uuid(2));
  assert.equal(root.querySelectorAll("[aria-current]").length, 1);
});
