import assert from "node:assert/strict";
import { test } from "node:test";

import { EventSocket } from "../../static/js/events.js";
import { uuid } from "./simulated.js";

const bytes = new TextEncoder();

/** One request, answered when a test says so. */
class Call {
  /** @type {(answer: any) => void} */
  #answer = () => {};
  /** @type {any} */
  #body = null;
  hungUp = false;

  /** @param {string} url @param {any} request */
  constructor(url, request) {
    this.path = url;
    this.method = request.method ?? "GET";
    this.headers = request.headers;
    this.said = request.body ? JSON.parse(request.body) : null;
    this.answered = new Promise((resolve, reject) => {
      this.#answer = resolve;
      this.fail = reject;
      request.signal.addEventListener("abort", () => {
        this.hungUp = true;
        reject(new Error("aborted"));
        try {
          this.#body?.error(new Error("aborted"));
        } catch {
          // It had ended.
        }
      });
    });
  }

  stream() {
    const body = new ReadableStream({
      start: (controller) => void (this.#body = controller),
      cancel: () => void (this.hungUp = true),
    });
    this.#answer({ ok: true, status: 200, body });
    return this;
  }

  /** @param {number} status @param {any} json @param {Record<string, string>} [headers] */
  reply(status, json, headers = {}) {
    this.#answer({
      ok: status < 400,
      status,
      json: async () => json,
      headers: { get: (/** @type {string} */ name) => headers[name] ?? null },
    });
  }

  /** @param {string | Uint8Array} text as the server writes it */
  write(text) {
    this.#body.enqueue(typeof text === "string" ? bytes.encode(text) : text);
  }

  /** @param {any} update @param {string} [id] */
  give(update, id = "") {
    this.write(`${id ? `id: ${id}\n` : ""}event: ${update.type}\ndata: ${JSON.stringify(update)}\n\n`);
  }

  end() {
    this.#body.close();
  }
}

function begin(renew = async () => {}) {
  /** @type {Call[]} */
  const calls = [];
  /** @type {any[]} */
  const heard = [];
  /** @type {number[]} */
  const closed = [];
  const fetch = (/** @type {string} */ url, /** @type {any} */ request) => {
    calls.push(new Call(url, request));
    return calls[calls.length - 1].answered;
  };
  const clock = { now: 0 };
  const socket = new EventSocket("/api/v1/", () => token, {
    renew,
    fetch: /** @type {any} */ (fetch),
    now: () => clock.now,
  });
  socket.onmessage = ({ data }) => heard.push(JSON.parse(data));
  socket.onclose = ({ code }) => closed.push(code);
  /** @param {object} command */
  const say = (command) => socket.send(JSON.stringify(command));
  return { socket, calls, heard, closed, say, clock };
}

/** What changes need. */
let token = "token";

/** Lets promises that are under way end. */
function settle() {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

const READY = { type: "ready", protocol: 1, user: "1", server_time: "now" };
const [CONVERSATION, GENERATION, ANSWER, KEY] = [uuid(1), uuid(2), uuid(3), uuid(4)];
const ACCEPTED = {
  type: "accepted",
  key: KEY,
  conversation: CONVERSATION,
  generation: GENERATION,
  assistant_message: ANSWER,
};
const delta = (/** @type {number} */ seq) => ({ type: "delta", generation: GENERATION, seq, text: "ä" });

test("reads what concerns the person, and on behind the last id when a response ends", async () => {
  const { calls, heard, say } = begin();
  assert.equal(calls[0].path, "/api/v1/events");
  calls[0].stream().give(READY);
  await settle();
  say({ type: "follow", ref: "follow", conversation: CONVERSATION, cursors: { [GENERATION]: 7 } });
  assert.equal(calls[0].hungUp, true);
  assert.equal(calls[1].path, `/api/v1/conversations/${CONVERSATION}/events`);
  assert.equal(calls[1].headers["Last-Event-ID"], `${GENERATION}:7`);
  calls[1].stream().give(READY);
  calls[1].give(delta(8), `${GENERATION}:8`);
  await settle();
  calls[1].end();
  await settle();
  assert.equal(calls[2].path, calls[1].path);
  assert.equal(calls[2].headers["Last-Event-ID"], `${GENERATION}:8`);
  assert.deepEqual(
    heard.map(({ type }) => type),
    ["ready", "ready", "delta"],
  );
});

test("following what a response that has just begun gives already begins no other one", async () => {
  const { calls, say, socket } = begin();
  const follow = { type: "follow", conversation: CONVERSATION, cursors: {} };
  socket.onmessage = ({ data }) => {
    if (JSON.parse(data).type === "ready") say(follow);
  };
  calls[0].stream().give(READY);
  await settle();
  assert.equal(calls.length, 2);
  calls[1].stream().give(READY);
  await settle();
  assert.equal(calls.length, 2);
  assert.equal(calls[1].hungUp, false);
  say(follow);
  assert.equal(calls.length, 3, "a gap is repaired");
});

test("events cut anywhere are whole again, and comments are none", async () => {
  const { calls, heard } = begin();
  const text = `retry: 1000\n\n: \n\nid: ${GENERATION}:1\nevent: delta\ndata: ${JSON.stringify(delta(1))}\n\n`;
  calls[0].stream();
  for (const byte of bytes.encode(text)) calls[0].write(Uint8Array.of(byte));
  await settle();
  assert.deepEqual(heard, [delta(1)]);
});

test("a message goes out with its key, is accepted, and what it began is followed", async () => {
  const { calls, heard, say } = begin();
  calls[0].stream().give(READY);
  await settle();
  const command = { type: "send", ref: KEY, key: KEY, text: "Hello" };
  say(command);
  say(command);
  assert.equal(calls.length, 2, "not twice while it is under way");
  const [, call] = calls;
  assert.deepEqual([call.method, call.path], ["POST", "/api/v1/messages"]);
  assert.deepEqual(call.said, { ref: KEY, text: "Hello" });
  assert.equal(call.headers["Idempotency-Key"], KEY);
  assert.equal(call.headers["X-CSRFToken"], "token");
  call.stream().give(ACCEPTED, `${GENERATION}:0`);
  await settle();
  assert.deepEqual(heard.at(-1), ACCEPTED);
  assert.equal(call.hungUp, true);
  assert.equal(calls[2].path, `/api/v1/conversations/${CONVERSATION}/events`);
  assert.equal(calls[2].headers["Last-Event-ID"], `${GENERATION}:0`);
});

test("who signed in again elsewhere goes on with the new token, and the message goes out once (R98)", async () => {
  const { calls, heard, say } = begin(async () => void (token = "fresh"));
  calls[0].stream().give(READY);
  await settle();
  say({ type: "send", ref: KEY, key: KEY, text: "Hello" });
  calls[1].reply(403, {});
  await settle();
  const [, old, again] = calls;
  assert.deepEqual([old.headers["X-CSRFToken"], again.headers["X-CSRFToken"]], ["token", "fresh"]);
  assert.equal(again.headers["Idempotency-Key"], KEY);
  again.stream().give(ACCEPTED, `${GENERATION}:0`);
  await settle();
  token = "token";
  assert.deepEqual(heard.at(-1), ACCEPTED);
});

test("in the conversation that is followed its updates come with all others", async () => {
  const { calls, say } = begin();
  say({ type: "follow", conversation: CONVERSATION, cursors: {} });
  calls[1].stream().give(READY);
  say({ type: "regenerate", key: KEY, message: ANSWER });
  say({ type: "continue", key: uuid(9), message: ANSWER });
  assert.equal(calls[2].path, `/api/v1/messages/${ANSWER}/regenerate`);
  assert.equal(calls[3].path, `/api/v1/messages/${ANSWER}/continue`);
  say({ type: "send", key: uuid(10), text: "And?", conversation: CONVERSATION });
  assert.equal(calls[4].path, `/api/v1/conversations/${CONVERSATION}/messages`);
  calls[4].stream().give(ACCEPTED);
  await settle();
  assert.equal(calls.length, 5);
  assert.equal(calls[1].hungUp, false);
});

test("what is refused is told as on a socket", async () => {
  const { calls, heard, closed, say } = begin();
  say({ type: "send", ref: KEY, key: KEY, text: "Hello" });
  const error = { code: "rate_limited", detail: "Too many.", reference: null };
  calls[1].reply(429, { error }, { "Retry-After": "5" });
  await settle();
  assert.deepEqual(heard, [
    { type: "refused", ref: KEY, code: "rate_limited", detail: "Too many.", retry_after: 5 },
  ]);
  assert.deepEqual(closed, []);
});

test("a conversation that is gone is refused, and the rest is read on", async () => {
  const { calls, heard, say } = begin();
  say({ type: "follow", conversation: CONVERSATION, cursors: {} });
  const error = { code: "not_found", detail: "There is no such conversation.", reference: null };
  calls[1].reply(404, { error });
  await settle();
  assert.equal(heard[0].ref, "follow");
  assert.equal(heard[0].code, "not_found");
  assert.equal(calls[2].path, "/api/v1/events");
});

test("a stop is told, and the end of what had ended", async () => {
  const { calls, heard, say } = begin();
  say({ type: "stop", ref: "stop", message: ANSWER });
  assert.equal(calls[1].path, `/api/v1/messages/${ANSWER}/stop`);
  const finished = { type: "finished", generation: GENERATION, seq: 3 };
  calls[1].reply(200, { type: "stopping", finished });
  await settle();
  assert.deepEqual(heard, [{ type: "stopping", ref: "stop" }, finished]);
});

for (const [status, code] of [
  [401, 4401],
  [503, 1006],
]) {
  test(`${status} closes with ${code}, once, whatever else is under way`, async () => {
    const { calls, closed, say } = begin();
    say({ type: "send", key: KEY, text: "Hello" });
    calls[0].reply(status, {});
    await settle();
    assert.deepEqual(closed, [code]);
    assert.equal(calls[1].hungUp, true);
  });
}

test("a line that breaks closes, and one that is closed says nothing", async () => {
  const broken = begin();
  /** @type {any} */ (broken.calls[0]).fail(new TypeError("network"));
  await settle();
  assert.deepEqual(broken.closed, [1006]);
  const quiet = begin();
  quiet.socket.close();
  await settle();
  assert.deepEqual([quiet.closed, quiet.heard], [[], []]);
  assert.equal(quiet.calls[0].hungUp, true);
});

test("a ping is answered while the server is heard", async () => {
  const { calls, heard, say, clock } = begin();
  calls[0].stream().write(": \n\n");
  await settle();
  say({ type: "ping" });
  assert.deepEqual(heard, [], "not before the question was asked to its end");
  await settle();
  assert.deepEqual(heard, [{ type: "pong" }]);
  clock.now = 30_000;
  say({ type: "ping" });
  await settle();
  assert.equal(heard.length, 1);
});
