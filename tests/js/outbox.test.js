import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";

import { Outbox } from "../../static/js/outbox.js";
import { Backend, BrowserTab, SharedStore } from "./browser-tabs.js";
import { dice, memory, uuid } from "./simulated.js";

/** Lets promises that are under way end. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** @param {import("../../static/js/session.js").Session} session */
const unsent = (session) =>
  session.sending.map((entry) => [/** @type {any} */ (entry.command).text, session.waitsFor(entry)]);

/** @param {Backend} backend @returns {string[][]} the questions of each conversation, as one stands below the other */
function asked(backend) {
  return [...backend.talks.values()].map(({ messages }) => {
    messages.forEach((message, at) => assert.equal(message.parent, messages[at - 1]?.id ?? null, "one branch"));
    return messages.filter(({ role }) => role === "user").map(({ text }) => text);
  });
}

function world() {
  const store = new SharedStore();
  const backend = new Backend();
  /** @type {BrowserTab[]} */
  const tabs = [];
  /** @param {string} name @param {string | null} [conversation] */
  const open = (name, conversation = null) => {
    tabs.push(new BrowserTab(name, store, backend, tabs, conversation));
    return tabs[tabs.length - 1];
  };
  /** @param {any[]} updates */
  const tell = (updates) => {
    for (const update of updates)
      for (const tab of tabs) if (!tab.closed && tab.wire.connected) tab.wire.deliver(update);
  };
  const finish = () => {
    for (const talk of backend.talks.values()) if (talk.busy) tell(backend.finish(talk));
  };
  return { backend, tabs, open, finish };
}

describe("what waits to be sent", () => {
  beforeEach(() => {
    mock.timers.reset();
    mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  });

  test("the second message of a new conversation goes out below the answer to the first", () => {
    const { backend, open, finish } = world();
    const tab = open("a");
    tab.session.send("one", "demo");
    tab.session.send("two", "demo");
    assert.deepEqual(unsent(tab.session), [["one", "line"], ["two", "line"]]);
    tab.connect();
    assert.deepEqual(unsent(tab.session), [["one", null], ["two", "turn"]]);
    tab.exchange();
    assert.deepEqual(unsent(tab.session), [["two", "answer"]]);
    assert.deepEqual(tab.wire.sent, []);
    finish();
    tab.exchange();
    assert.deepEqual(unsent(tab.session), []);
    assert.deepEqual(asked(backend), [["one", "two"]]);
  });

  test("what is taken back does not go out, and what was behind it stands in its place", () => {
    const { backend, open, finish } = world();
    const tab = open("a");
    for (const text of ["one", "two", "three"]) tab.session.send(text, "demo");
    const [first, second] = tab.session.sending;
    assert.equal(/** @type {any} */ (tab.session.takeBack(second.command.key)).command.text, "two");
    tab.session.takeBack(first.command.key);
    assert.equal(tab.session.takeBack(first.command.key), undefined);
    tab.session.send("four", "demo");
    tab.connect();
    for (let turn = 0; turn < 3; turn += 1) [tab.exchange(), finish()];
    assert.deepEqual(asked(backend), [["three", "four"]]);
  });

  test("a refused message comes back with all that waited behind it, in order", () => {
    const { open } = world();
    const tab = open("a");
    for (const text of ["one", "two"]) tab.session.send(text, undefined);
    tab.connect();
    const [{ key }] = tab.wire.sent;
    tab.wire.deliver({ type: "refused", ref: key, code: "too_long", detail: "Too long.", retry_after: null });
    assert.deepEqual(tab.refused[0].entries.map((/** @type {any} */ each) => each.command.text), ["one", "two"]);
    assert.equal(tab.refused[0].here, true);
    assert.deepEqual(tab.session.sending, []);
  });

  test("a conversation in which another tab asked first is waited for, not complained about", async () => {
    const { backend, open } = world();
    const { conversation } = backend.begin("from elsewhere");
    const talk = /** @type {any} */ (backend.talks.get(conversation));
    backend.finish(talk);
    const tab = open("a", conversation);
    tab.connect();
    tab.exchange();
    backend.begin("elsewhere again", uuid(7), conversation, talk.messages.at(-1).id);
    tab.session.send("mine", undefined);
    tab.exchange();
    assert.deepEqual(tab.refused, []);
    assert.deepEqual(unsent(tab.session), [["mine", "answer"]]);
    backend.finish(talk);
    // Nobody says that it is free: it is asked about.
    mock.timers.tick(5_000);
    tab.exchange();
    await settle();
    assert.deepEqual(tab.session.sending, []);
    assert.equal(talk.messages.filter((/** @type {any} */ each) => each.text === "mine").length, 1);
  });

  test("an edited message that waits stays below its own parent", () => {
    const { backend, open, finish } = world();
    const tab = open("a");
    tab.connect();
    tab.session.send("one", undefined);
    tab.exchange();
    tab.session.send("one, better", undefined, [], { parent: null });
    finish();
    const [sent] = tab.wire.sent.filter(({ type }) => type === "send");
    assert.deepEqual([sent.text, sent.parent], ["one, better", null]);
    tab.exchange();
    assert.equal(backend.talks.size, 1);
  });

  test("what a closed tab left is sent by another one, once", async () => {
    const { backend, open, tabs } = world();
    const [left, other, third] = [open("a"), open("b"), open("c")];
    left.session.send("from a", undefined);
    left.close();
    for (const tab of [other, third]) tab.connect();
    await settle();
    for (const tab of tabs) tab.exchange();
    assert.deepEqual(asked(backend), [["from a"]]);
    assert.equal(backend.repeated, 0, "by one of them only");
  });

  test("a tab that lives sends what is its own, and no other does", async () => {
    const { backend, open } = world();
    const [mine, other] = [open("a"), open("b")];
    mine.session.send("mine", undefined);
    other.connect();
    await settle();
    mock.timers.tick(120_000);
    await settle();
    other.exchange();
    assert.deepEqual(asked(backend), []);
    mine.connect();
    mine.exchange();
    assert.deepEqual(asked(backend), [["mine"]]);
  });

  test("somebody else who is signed in now is told nothing", () => {
    const { open } = world();
    const tab = open("a");
    let strangers = 0;
    tab.session.addEventListener("stranger", () => (strangers += 1));
    tab.session.send("secret", undefined);
    tab.wire.connected = true;
    tab.wire.deliver({ type: "ready", protocol: 1, user: "2", server_time: "now" });
    assert.equal(strangers, 1);
    assert.deepEqual(tab.wire.sent, []);
    assert.equal(tab.session.sending.length, 1, "it waits for its owner");
  });

  for (let seed = 1; seed <= 60; seed += 1) {
    test(`lines that break, tabs that reload and close: each message once, in order (R2), seed ${seed}`, async () => {
      const random = dice(seed);
      const { backend, open, finish, tabs } = world();
      for (const name of ["a", "b", "c"]) open(name);
      /** @type {Record<string, string[]>} */
      const typed = { a: [], b: [], c: [] };
      for (let step = 0; step < 80; step += 1) {
        const tab = tabs[Math.floor(random() * 3)];
        const roll = random();
        if (tab.closed) continue;
        if (roll < 0.25 && typed[tab.name].length < 6) {
          const text = `${tab.name}${typed[tab.name].length}`;
          typed[tab.name].push(text);
          tab.session.send(text, undefined);
        } else if (roll < 0.35) tab.cut();
        else if (roll < 0.55) tab.connect();
        else if (roll < 0.75) tab.exchange(() => random() < 0.2);
        else if (roll < 0.85) finish();
        else if (roll < 0.93) tab.reload();
        else if (roll < 0.95 && tab.name !== "a") tab.close();
        if (random() < 0.3) await settle();
      }
      for (let round = 0; round < 60; round += 1) {
        for (const tab of tabs) if (!tab.closed) [tab.connect(), tab.exchange()];
        mock.timers.tick(5_000);
        finish();
        await settle();
      }
      for (const tab of tabs) if (!tab.closed) assert.deepEqual(unsent(tab.session), []);
      const order = Object.values(typed).filter((texts) => texts.length);
      assert.deepEqual(asked(backend).sort(), order.sort());
      assert.deepEqual(tabs.flatMap((tab) => tab.refused), []);
    });
  }
});

test("what was kept is read by the next page, and what is broken is left out", () => {
  const store = memory();
  const outbox = new Outbox("1", store);
  outbox.add({ type: "send", key: uuid(1), ref: uuid(1), text: "kept" }, "new.");
  store.setItem("outbox:1:broken", "{");
  store.setItem(`outbox:2:${uuid(2)}`, JSON.stringify({ ...outbox.all[0] }));
  assert.deepEqual(new Outbox("1", store).all, outbox.all);
  assert.deepEqual(new Outbox("2", store).all, [], "nobody else's");
});

test("where the store is full, messages wait in memory, and that is known", () => {
  const full = { ...memory(), length: 0, setItem: () => assert.fail("full") };
  const outbox = new Outbox("1", /** @type {any} */ (full));
  assert.ok(outbox.isKept);
  outbox.add({ type: "send", key: uuid(1), ref: uuid(1), text: "here" }, "new.");
  assert.equal(outbox.all.length, 1);
  assert.ok(!outbox.isKept);
  outbox.take(uuid(1));
  assert.ok(outbox.isKept);
});
