import assert from "node:assert/strict";
import { test } from "node:test";

import { Drafts, forget, holdsOthers, joined, Shelf } from "../../static/js/storage.js";
import { Tab } from "../../static/js/tabs.js";
import { SharedStore } from "./browser-tabs.js";
import { memory } from "./simulated.js";

/** @import { Attachment } from "../../static/js/protocol.js" */

/** @param {string} id @returns {Attachment} */
const file = (id) => ({ id, kind: "image", name: id, media_type: "image/png", size: 1, width: 1, height: 1 });
const ids = (/** @type {Attachment[]} */ files) => files.map(({ id }) => id);

test("drafts belong to a person, to a conversation, and new ones to a tab (R96)", () => {
  const store = memory();
  const alice = new Drafts("alice", store, { id: "1" });
  alice.set("c", "in c");
  alice.set(null, "new");
  alice.setFiles(null, [file("f")]);
  alice.setEdit("m", "edited");
  const second = new Drafts("alice", store, { id: "2" });
  assert.deepEqual([second.get("c"), second.get(null), second.edit("m")], ["in c", "", "edited"]);
  const bob = new Drafts("bob", store, { id: "1" });
  assert.deepEqual([bob.get("c"), bob.get(null), bob.edit("m"), bob.count], ["", "", "", 0]);
  assert.equal(alice.count, 3);
  alice.setEdit("m", "");
  assert.equal(alice.edit("m"), "");
});

test("a new conversation of a tab that is closed is gone on with in another one (R96)", () => {
  const store = memory();
  const left = new Drafts("1", store, { id: "left" });
  left.set(null, "half a thought");
  left.setFiles(null, [file("f")]);
  const drafts = new Drafts("1", store, { id: "here" });
  assert.deepEqual(drafts.writers, ["left"]);
  drafts.adopt("left");
  assert.equal(drafts.get(null), "half a thought");
  assert.deepEqual(ids(drafts.files(null)), ["f"]);
  assert.deepEqual(drafts.writers, ["here"]);
});

test("what comes back stands in front of what was typed since, and its files are there once", () => {
  const drafts = new Drafts("1", memory());
  drafts.set("c", "More");
  drafts.setFiles("c", [file("a")]);
  drafts.giveBack("c", "Hello", [file("a"), file("b")]);
  assert.equal(drafts.get("c"), "Hello\n\nMore");
  assert.deepEqual(ids(drafts.files("c")), ["a", "b"]);
  assert.deepEqual([joined("x", "x"), joined("", "x"), joined("x", "")], ["x", "x", "x"]);
});

test("what another tab types in the same conversation is told, its new one is not (R96)", () => {
  const store = new SharedStore();
  const first = new Drafts("1", store.of("first"), { id: "first" });
  const second = new Drafts("1", store.of("second"), { id: "second" });
  /** @type {(string | null)[]} */
  const told = [];
  second.addEventListener("change", (event) => told.push(/** @type {CustomEvent} */ (event).detail));
  second.watch(new AbortController().signal);
  first.set("c", "typed");
  first.set(null, "new");
  second.set("c", "by itself");
  assert.deepEqual(told, ["c"]);
});

test("files are forgotten when the server has forgotten them, and broken entries are none", (context) => {
  context.mock.timers.enable({ apis: ["Date"] });
  const store = memory();
  const drafts = new Drafts("1", store);
  drafts.setFiles("c", [file("f")]);
  context.mock.timers.tick(21 * 3_600_000);
  assert.deepEqual(drafts.files("c"), []);
  store.setItem("files:1:d", "{");
  assert.deepEqual(drafts.files("d"), []);
});

test("a store that is full, forbidden or not there at all keeps in memory, and that is known", () => {
  const refuses = () => {
    throw new Error("refused");
  };
  const stores = [undefined, { ...memory(), setItem: refuses }, { getItem: refuses, setItem: refuses, removeItem: refuses }];
  for (const store of stores) {
    const shelf = new Shelf(/** @type {any} */ (store), "x:");
    assert.ok(shelf.isKept, "there is nothing to keep");
    shelf.set("a", "typed");
    assert.equal(shelf.get("a"), "typed");
    assert.deepEqual(shelf.names(), ["a"]);
    assert.ok(!shelf.isKept);
    shelf.set("a", "");
    assert.ok(shelf.isKept);
  }
});

test("whoever signs out on a shared machine removes what is theirs and nothing else (R94)", () => {
  const store = memory();
  const [alice, bob] = ["alice", "bob"].map((person) => new Drafts(person, store));
  bob.set("c", "his");
  assert.ok(!holdsOthers("bob", store));
  alice.set("c", "hers");
  alice.setFiles("c", [file("f")]);
  assert.ok(holdsOthers("bob", store));
  forget("bob", store);
  assert.deepEqual([bob.count, alice.get("c"), ids(alice.files("c"))], [0, "hers", ["f"]]);
});

/** Web Locks, as far as tabs use them. */
class Locks {
  held = new Map();

  /** @param {string} name @param {any} options @param {(lock: object | null) => any} [use] */
  async request(name, options, use = options) {
    if (options.ifAvailable && this.held.has(name)) return use(null);
    this.held.set(name, true);
    await use({ name });
    this.held.delete(name);
  }

  async query() {
    return { held: [...this.held.keys()].map((name) => ({ name })) };
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** The notes of one tab. @param {Record<string, string>} [left] */
function notes(left = {}) {
  return {
    read: (/** @type {string} */ name) => left[name] ?? "",
    leave: (/** @type {string} */ name, /** @type {string} */ text) => void (left[name] = text),
  };
}

test("a tab keeps its name over a reload, and is known to be gone when it is closed", async () => {
  const locks = /** @type {any} */ (new Locks());
  const kept = notes();
  const life = new AbortController();
  const tab = new Tab(kept, locks);
  tab.start(life.signal);
  await settle();
  const other = new Tab(notes(), locks);
  assert.deepEqual(await other.gone([tab.id, other.id]), []);
  life.abort();
  await settle();
  assert.deepEqual(await other.gone([tab.id]), [tab.id]);
  assert.equal(new Tab(kept, locks).id, tab.id);
});

test("a tab that was duplicated takes a name of its own", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const locks = /** @type {any} */ (new Locks());
  const left = { tab: "one" };
  new Tab(notes({ ...left }), locks).start(new AbortController().signal);
  const copy = new Tab(notes({ ...left }), locks);
  assert.equal(copy.id, "one");
  copy.start(new AbortController().signal);
  await settle();
  assert.equal(copy.id, "one", "it may be a page that is about to go");
  context.mock.timers.tick(500);
  await settle();
  assert.notEqual(copy.id, "one");
  assert.deepEqual(await new Tab(notes(), locks).gone(["one", copy.id]), []);
});

test("without locks all tabs are one, and none is gone", async () => {
  const tab = new Tab(notes(), /** @type {any} */ (null));
  tab.start(new AbortController().signal);
  assert.deepEqual([tab.id, await tab.gone(["x"])], ["", []]);
});
