import assert from "node:assert/strict";
import { test } from "node:test";

import { Outbox } from "../../static/js/outbox.js";
import { decode } from "../../static/js/protocol.js";
import { Session } from "../../static/js/session.js";
import { open, thread } from "../../static/js/transcript.js";
import { CONVERSATION, dice, memory, Server, uuid, Wire } from "./simulated.js";

/** @param {Server} server @param {{conversation?: string | null, store?: Storage, wire?: Wire}} [options] */
function tab(server, { conversation = CONVERSATION, store = memory(), wire = new Wire() } = {}) {
  const read = async () => ({ messages: structuredClone(server.messages) });
  const transcript = open(conversation, conversation ? structuredClone(server.messages) : []);
  const session = new Session(/** @type {any} */ (wire), new Outbox("1", store), transcript, read);
  session.start();
  return { session, wire };
}

/** What is on screen. @param {Session} session */
function shown(session) {
  return thread(session.transcript).map(({ uuid: id, role, text, reasoning, status }) => ({
    id,
    role,
    text,
    reasoning,
    status,
  }));
}

/** What is stored. @param {Server} server */
function stored(server) {
  return server.messages.map(({ uuid: id, role, text, reasoning, status }) => ({
    id,
    role,
    text,
    reasoning,
    status,
  }));
}

/** Lets timers and reads that are under way end. */
function calm() {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** One step of an answer, as a model could write it. @param {Server} server @param {() => number} random */
function write(server, random) {
  const live = server.messages.at(-1)?.status;
  if (live !== "pending" && live !== "streaming")
    return server.begin(`question ${Math.floor(random() * 1000)}`);
  if (live === "pending") return server.next({ type: "started", model: "demo", attempt: 1 });
  const roll = random();
  if (roll < 0.08) return server.finish(random() < 0.5 ? "complete" : "interrupted");
  if (roll < 0.12) return server.next({ type: "restarted", attempt: 2, reason: "worker_lost" });
  if (roll < 0.14) return server.next({ type: "retracted", reason: "guardrail", text: "Withdrawn." });
  if (roll < 0.2) return server.next({ type: "notice", code: "slow", detail: "Slow.", data: {} });
  return server.next({
    type: "delta",
    kind: roll < 0.3 ? "reasoning" : "text",
    text: `${Math.floor(random() * 1e6)} `,
  });
}

for (let seed = 1; seed <= 100; seed += 1) {
  test(`frames lost, doubled and shuffled end as what is stored (R4, R5), seed ${seed}`, async () => {
    const random = dice(seed);
    const server = new Server();
    const { session, wire } = tab(server);
    /** @type {any[]} */
    let coming = [];
    for (let step = 0; step < 120; step += 1) {
      const update = write(server, random);
      if (random() < 0.85) coming.push(update);
      if (random() < 0.2) coming.push(update);
      if (random() < 0.2) coming.sort(() => random() - 0.5);
      if (random() < 0.6) for (const each of coming.splice(0)) wire.deliver(each);
      for (const command of wire.sent.splice(0)) {
        if (command.type === "follow" && random() < 0.9)
          coming.unshift(...server.follow(command, random() < 0.3));
      }
      if (random() < 0.05) await calm();
    }
    // Quiet again, and connected: guarantee 1 of the contract.
    for (let round = 0; round < 4; round += 1) {
      wire.ready();
      for (const command of wire.sent.splice(0)) {
        if (command.type === "follow") for (const update of server.follow(command)) wire.deliver(update);
      }
      await calm();
    }
    assert.deepEqual(shown(session), stored(server));
  });
}

test("a gap is never shown; one follow repairs it (R5)", () => {
  const server = new Server();
  const { session, wire } = tab(server);
  wire.deliver(server.begin("Hello"));
  wire.deliver(server.next({ type: "started", model: "demo", attempt: 1 }));
  wire.deliver(server.next({ type: "delta", kind: "text", text: "One " }));
  server.next({ type: "delta", kind: "text", text: "two " });
  wire.deliver(server.next({ type: "delta", kind: "text", text: "three " }));
  wire.deliver(server.next({ type: "delta", kind: "text", text: "four" }));
  assert.equal(thread(session.transcript).at(-1)?.text, "One ");
  const follows = wire.sent.filter((command) => command.type === "follow");
  assert.equal(follows.length, 1);
  for (const update of server.follow(follows[0])) wire.deliver(update);
  assert.equal(thread(session.transcript).at(-1)?.text, "One two three four");
});

test("a command that was not accepted is sent again with the same key", () => {
  const server = new Server();
  const { session, wire } = tab(server, { conversation: null });
  session.send("Into the void", undefined);
  const [first] = wire.sent.splice(0);
  wire.ready();
  const again = wire.sent.find((command) => command.type === "send");
  assert.deepEqual(again, first);
  wire.deliver({ ...server.begin("Into the void", first.key), ref: first.key });
  assert.equal(session.sending.length, 0);
  wire.sent = [];
  wire.ready();
  assert.deepEqual(
    wire.sent.map((command) => command.type),
    ["follow"],
  );
});

test("a command that was not accepted survives a reload", () => {
  const server = new Server();
  const store = memory();
  tab(server, { conversation: null, store }).session.send("Kept", "demo");
  const { session, wire } = tab(server, { conversation: null, store });
  assert.equal(session.sending.length, 1);
  wire.ready();
  assert.equal(wire.sent[0].text, "Kept");
});

test("the same accepted twice shows one question", () => {
  const server = new Server();
  const { session, wire } = tab(server);
  const accepted = server.begin("Once");
  wire.deliver(accepted);
  wire.deliver(server.next({ type: "started", model: "demo", attempt: 1 }));
  wire.deliver(server.next({ type: "delta", kind: "text", text: "Answer" }));
  wire.deliver(accepted);
  assert.deepEqual(shown(session), stored(server));
});

test("an answer that was cut off goes on in place, and ends as what is stored", () => {
  const server = new Server();
  const { session, wire } = tab(server);
  for (const update of [server.begin("Hello"), server.next({ type: "started", model: "demo", attempt: 1 })])
    wire.deliver(update);
  wire.deliver(server.next({ type: "delta", kind: "text", text: "One " }));
  wire.deliver(server.finish("interrupted"));
  session.continueAnswer(server.messages[1].uuid);
  const command = wire.sent.at(-1);
  assert.deepEqual(
    { ...command, ref: "", key: "" },
    { type: "continue", ref: "", key: "", message: server.messages[1].uuid },
  );
  wire.deliver({ ...server.goOn(), key: command.key });
  assert.equal(session.sending.length, 0);
  assert.equal(thread(session.transcript).at(-1)?.text, "One ");
  wire.deliver(server.next({ type: "started", model: "demo", attempt: 1 }));
  for (const update of server.follow({ cursors: {} }, true))
    if (update.type === "snapshot") wire.deliver(update);
  wire.deliver(server.next({ type: "delta", kind: "text", text: "two" }));
  wire.deliver(server.finish());
  assert.deepEqual(shown(session), stored(server));
  assert.equal(thread(session.transcript).at(-1)?.text, "One two");
});

test("a refused command comes back to who sent it", () => {
  const { session, wire } = tab(new Server());
  /** @type {any[]} */
  const back = [];
  session.addEventListener("refused", (event) => back.push(/** @type {CustomEvent} */ (event).detail));
  session.send("Too much", undefined);
  wire.deliver({
    type: "refused",
    ref: wire.sent.at(-1).key,
    code: "too_long",
    detail: "Too long.",
    retry_after: null,
  });
  assert.equal(back[0].entries[0].command.text, "Too much");
  assert.equal(session.sending.length, 0);
});

test("a socket that was refused for a while comes back no sooner (R49)", () => {
  const { wire } = tab(new Server());
  wire.deliver({ type: "refused", ref: null, code: "rate_limited", detail: "Too many.", retry_after: 7 });
  assert.equal(wire.heldOff, 7);
});

test("a text no frame can carry is not sent (R46)", () => {
  const { session, wire } = tab(new Server());
  assert.equal(session.send("ä".repeat(140_000), undefined), false);
  assert.deepEqual(wire.sent, []);
  assert.deepEqual(session.sending, []);
});

test("a stop that found no connection is sent when it is back", () => {
  const server = new Server();
  const { session, wire } = tab(server);
  wire.deliver(server.begin("Hello"));
  wire.connected = false;
  session.stopAnswer();
  assert.equal(wire.sent.length, 0);
  wire.ready();
  assert.ok(wire.sent.some((command) => command.type === "stop"));
});

test("updates of another conversation change nothing here", () => {
  const server = new Server();
  const { session, wire } = tab(server);
  const before = session.transcript;
  wire.deliver({ ...server.begin("Elsewhere"), conversation: uuid(77) });
  wire.deliver({ ...server.next({ type: "started", model: "demo", attempt: 1 }), conversation: uuid(77) });
  assert.equal(session.transcript, before);
});

test("a turn that another tab began is shown here too", () => {
  const server = new Server();
  const { session, wire } = tab(server);
  wire.deliver(server.begin("From the other tab"));
  wire.deliver(server.next({ type: "started", model: "demo", attempt: 1 }));
  assert.deepEqual(shown(session), stored(server));
});

test("an update of a newer server leaves no gap behind (R99)", () => {
  const server = new Server();
  const { session, wire } = tab(server);
  wire.deliver(server.begin("Hello"));
  wire.deliver(server.next({ type: "started", model: "demo", attempt: 1 }));
  for (const fields of [{ type: "picture" }, { type: "delta", kind: "text", text: "One." }]) {
    const update = decode(JSON.stringify(server.next(fields)));
    assert.ok(update);
    wire.deliver(update);
  }
  assert.deepEqual(shown(session), stored(server));
  assert.deepEqual(wire.sent, []);
});
