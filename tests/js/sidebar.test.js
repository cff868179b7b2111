import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { browser, template } from "./dom.js";
import { uuid } from "./simulated.js";

const row = template("conversations/_conversation.html");
const ARCHIVED = `<details data-part="archived"><summary></summary><ul data-part="archived-list"></ul>
  <p data-part="archived-words"></p></details>`;
const window = browser(
  `<aside id="sidebar"><nav data-part="list"></nav></aside><template id="row">${row}</template>`,
);
Object.assign(globalThis, { sessionStorage: window.sessionStorage });
const { Sidebar } = await import("../../static/js/sidebar.js");
const { Shelf } = await import("../../static/js/shelf.js");
const { dayOf } = await import("../../static/js/days.js");

const root = /** @type {HTMLElement} */ (window.document.getElementById("sidebar"));
const list = /** @type {HTMLElement} */ (root.querySelector("nav"));
/** @type {{path: string, place: unknown}[]} */
let posted = [];
let ok = true;
/** @type {InstanceType<typeof Sidebar>} */
let sidebar;

// Whenever the tests run: minutes before it are of the same day.
const NOON = new Date().setHours(12, 0, 0, 0);

/** A conversation that was used some minutes before noon. @param {number} number @param {string} title @param {number} [ago] @param {object} [more] */
function talk(number, title, ago = 0, more = {}) {
  return { id: uuid(number), title, updated_at: new Date(NOON - ago * 60_000).toISOString(), ...more };
}

/** @param {string} id */
function shown(id) {
  return /** @type {HTMLElement} */ (root.querySelector(`[data-conversation="${id}"]`));
}

function groups() {
  return [...root.querySelectorAll("[data-group]")].map((group) => group.getAttribute("data-group"));
}

beforeEach(() => {
  sidebar?.stop();
  list.innerHTML = ARCHIVED;
  [posted, ok] = [[], true];
  globalThis.fetch = /** @type {any} */ (
    async (/** @type {string} */ address, /** @type {any} */ { body } = {}) => (
      posted.push({ path: new URL(address, "https://chat.example").pathname, place: body?.get("place") ?? null }),
      { ok }
    )
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
  sidebar.apply(talk(1, "First", 1, { running: false }));
  sidebar.apply(talk(2, "Second", 0, { running: true, unread: true }));
  assert.deepEqual(titles(), ["Second", "First"]);
  assert.equal(root.querySelector(".conversation-link")?.getAttribute("href"), `/c/${uuid(2)}/`);
  assert.ok(shown(uuid(2)).matches(".is-running.is-unread"));
  sidebar.apply({ id: uuid(2), running: false, unread: false });
  assert.ok(!shown(uuid(2)).matches(".is-running, .is-unread"));
});

test("a title is text (R27)", () => {
  sidebar.apply(talk(1, "<img src=x onerror=alert(1)>"));
  assert.equal(root.querySelector("img"), null);
  assert.deepEqual(titles(), ["<img src=x onerror=alert(1)>"]);
});

test("what was used goes to the top", () => {
  sidebar.apply(talk(1, "First", 60 * 24 * 40));
  sidebar.apply(talk(2, "Second", 3));
  assert.equal(groups()[0], "today");
  assert.equal(groups().length, 2);
  sidebar.apply({ id: uuid(1), updated_at: talk(1, "").updated_at });
  assert.deepEqual(titles(), ["First", "Second"]);
  assert.deepEqual(groups(), ["today"]);
});

test("a change of what is further down, and not listed yet, makes no nameless row", () => {
  sidebar.apply({ id: uuid(1), title: "Renamed" });
  sidebar.apply({ id: uuid(2), updated_at: "2026-02-03T04:05:06Z" });
  assert.deepEqual(titles(), []);
});

test("groups are the reader's own days, and stand in order", () => {
  const now = new Date(2026, 2, 20, 0, 5);
  const days = [0, 1, 2, 7, 8, 40, 400].map((ago) => new Date(2026, 2, 20 - ago, 0, 1).toISOString());
  assert.deepEqual(
    days.map((day) => dayOf(day, now).key),
    ["today", "yesterday", "week", "week", "2026-03", "2026-02", "2025-02"],
  );
  assert.equal(dayOf(days[5], now).label, "February 2026");
  for (const [at, ago] of [90, 0, 1.5, 400, 4].entries()) sidebar.apply(talk(at, String(ago), ago * 1440));
  sidebar.apply(talk(9, "pinned", 1440 * 500, { pinned: true }));
  assert.deepEqual(titles(), ["pinned", "0", "1.5", "4", "90", "400"]);
});

test("what was deleted elsewhere goes, with the group that it leaves empty", () => {
  sidebar.apply(talk(1, "First"));
  sidebar.apply({ id: uuid(1), deleted: true });
  assert.deepEqual(groups(), []);
  sidebar.apply({ id: uuid(9), deleted: true });
  assert.deepEqual(titles(), []);
});

test("deleted here: told to the server, gone from the list, brought back by undo in its place", async () => {
  /** @type {any[]} */
  const told = [];
  sidebar.addEventListener("deleted", (event) => told.push(/** @type {CustomEvent} */ (event).detail));
  sidebar.apply(talk(1, "First", 5));
  sidebar.apply(talk(2, "Second"));
  /** @type {HTMLElement} */ (shown(uuid(1)).querySelector('form[data-act="delete"] button')).click();
  await calm();
  assert.deepEqual(posted.at(-1)?.path, `/c/${uuid(1)}/delete/`);
  assert.deepEqual(told, [{ id: uuid(1), title: "First" }]);
  assert.deepEqual(titles(), ["Second"]);
  await sidebar.restore(uuid(1), "First");
  assert.equal(posted[1].path, `/c/${uuid(1)}/restore/`);
  assert.deepEqual(titles(), ["Second", "First"]);
});

test("what the server would not delete stays", async () => {
  ok = false;
  sidebar.apply(talk(1, "First"));
  click('form[data-act="delete"] button');
  await calm();
  assert.deepEqual(titles(), ["First"]);
});

test("pinned, it is above all days; unpinned, in its own again", async () => {
  sidebar.apply(talk(1, "First", 9));
  sidebar.apply(talk(2, "Second"));
  /** @type {HTMLElement} */ (shown(uuid(1)).querySelector('[value="pin"]')).click();
  await calm();
  assert.deepEqual(posted, [{ path: `/c/${uuid(1)}/place/`, place: "pin" }]);
  assert.deepEqual(groups(), ["pinned", "today"]);
  assert.deepEqual(titles(), ["First", "Second"]);
  sidebar.apply({ id: uuid(1), pinned: false });
  assert.deepEqual(titles(), ["Second", "First"]);
});

test("archived, it leaves the list, and undo brings it back to its place", async () => {
  /** @type {any[]} */
  const told = [];
  sidebar.addEventListener("archived", (event) => told.push(/** @type {CustomEvent} */ (event).detail));
  sidebar.apply(talk(1, "First", 9));
  sidebar.apply(talk(2, "Second"));
  /** @type {HTMLElement} */ (shown(uuid(1)).querySelector('[value="archive"]')).click();
  await calm();
  assert.deepEqual(told, [{ id: uuid(1), title: "First" }]);
  assert.deepEqual(titles(), ["Second"]);
  await sidebar.put(uuid(1), "unarchive", "First");
  assert.deepEqual(titles(), ["Second", "First"]);
});

test("archived ones are read when they are asked for, and follow what is told since", async () => {
  const shelf = new Shelf(root, sidebar, "/api/v1/conversations", { show() {} });
  shelf.start();
  const page = { items: [talk(1, "Old", 9, { archived: true })], next: null };
  globalThis.fetch = /** @type {any} */ (async () => ({ ok: true, json: async () => page }));
  const section = /** @type {HTMLDetailsElement} */ (root.querySelector("details[data-part=archived]"));
  section.open = true;
  section.dispatchEvent(new window.Event("toggle"));
  await calm();
  assert.equal(shown(uuid(1)).parentElement?.dataset.part, "archived-list");
  sidebar.apply(talk(2, "Told", 1, { archived: true }));
  assert.deepEqual(titles(), ["Told", "Old"]);
  sidebar.apply(talk(1, "Old", 9, { archived: false }));
  assert.equal(shown(uuid(1)).closest("[data-group]")?.getAttribute("data-group"), "today");
});

test("what is older is read as one scrolls, once each", async () => {
  sidebar.apply(talk(1, "First"));
  list.dataset.next = "cursor";
  const shelf = new Shelf(root, sidebar, "/api/v1/conversations", { show() {} });
  /** @type {string[]} */
  const read = [];
  const page = { items: [talk(1, "First"), talk(2, "Second", 9)], next: null };
  globalThis.fetch = /** @type {any} */ (
    async (/** @type {string} */ address) => (read.push(address), { ok: true, json: async () => page })
  );
  assert.deepEqual(await Promise.all([shelf.more(), shelf.more()]), [true, false]);
  assert.deepEqual(read, ["/api/v1/conversations?cursor=cursor"]);
  assert.deepEqual(titles(), ["First", "Second"]);
  assert.equal(await shelf.more(), false);
});

/** @param {string} title */
async function rename(title) {
  click('[data-act="start-rename"]');
  /** @type {HTMLInputElement} */ (root.querySelector('input[name="title"]')).value = title;
  /** @type {HTMLFormElement} */ (root.querySelector('form[data-act="rename"]')).requestSubmit();
  await calm();
}

test("renamed in place", async () => {
  sidebar.apply(talk(1, "First"));
  await rename("Tides");
  assert.deepEqual(posted[0].path, `/c/${uuid(1)}/rename/`);
  assert.deepEqual(titles(), ["Tides"]);
  assert.equal(root.querySelector(".is-renaming"), null);
});

test("a title that the server did not take is taken back", async () => {
  sidebar.apply(talk(1, "First"));
  ok = false;
  await rename("Tides");
  assert.deepEqual(titles(), ["First"]);
});

test("Escape leaves the title as it was", () => {
  sidebar.apply(talk(1, "First"));
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
  sidebar.apply(talk(1, "Gone", 2));
  sidebar.apply(talk(2, "Old title", 3));
  sidebar.apply(talk(4, "Older than what is read", 60));
  sidebar.startReading();
  sidebar.reconcile([talk(3, "New", 0, { running: true }), talk(2, "New title", 3)], false);
  assert.deepEqual(titles(), ["New", "New title", "Older than what is read"]);
  assert.ok(shown(uuid(3)).classList.contains("is-running"));
  sidebar.reconcile([talk(3, "New"), talk(2, "New title", 3)], true);
  assert.deepEqual(titles(), ["New", "New title"]);
});

test("what changed while the list was read is newer than what was read", () => {
  sidebar.apply(talk(1, "Deleted", 5));
  sidebar.apply(talk(2, "New conversation", 4));
  sidebar.startReading();
  sidebar.apply({ id: uuid(1), deleted: true });
  sidebar.apply({ id: uuid(2), title: "Tides" });
  sidebar.apply(talk(3, "Begun meanwhile"));
  sidebar.reconcile([talk(2, "New conversation", 4), talk(1, "Deleted", 5)], true);
  assert.deepEqual(titles(), ["Begun meanwhile", "Tides"]);
});

test("the conversation that the page shows is marked, alone", () => {
  sidebar.apply(talk(1, "First"));
  sidebar.mark(uuid(1));
  sidebar.mark(uuid(2));
  assert.equal(root.querySelectorAll("[aria-current]").length, 1);
});
