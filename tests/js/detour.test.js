import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";

import { Connection } from "../../static/js/connection.js";

/** A socket without a network. */
class Socket {
  open = true;
  /** @type {((event: any) => void) | null} */
  onmessage = null;
  /** @type {((event: any) => void) | null} */
  onclose = null;

  /** @param {string} frame */
  send(frame) {
    if (JSON.parse(frame).type !== "ping") return;
    setTimeout(() => this.onmessage?.({ data: '{"type":"pong"}' }), 1);
  }

  close() {
    this.open = false;
  }

  ready() {
    this.onmessage?.({
      data: JSON.stringify({ type: "ready", protocol: 1, user: "1", server_time: "now" }),
    });
  }

  refuse() {
    this.onclose?.({ code: 1006 });
  }
}

/** @type {Socket[]} */
let sockets = [];
/** @type {Socket[]} */
let detours = [];
let status = 200;
let remembered = false;
let clock = 0;

/** @param {number} milliseconds */
function pass(milliseconds) {
  clock += milliseconds;
  mock.timers.tick(milliseconds);
}

/** @param {Socket[]} into */
function opens(into) {
  return () => {
    into.push(new Socket());
    return into[into.length - 1];
  };
}

function connect() {
  const connection = new Connection("ws://chat.example/ws/chat/", "/api/v1/me", {
    socket: opens(sockets),
    detour: opens(detours),
    fetch: /** @type {any} */ (async () => ({ status, ok: status === 200, text: async () => "" })),
    random: () => 1,
    now: () => clock,
    recall: () => remembered,
    remember: (detour) => (remembered = detour),
  });
  connection.start();
  return connection;
}

/** Lets promises that are under way end. */
async function settle() {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

async function refuseTwice() {
  sockets.at(-1)?.refuse();
  await settle();
  pass(500);
  sockets.at(-1)?.refuse();
  await settle();
}

describe("the detour over HTTP (R98)", () => {
  beforeEach(() => {
    mock.timers.reset();
    mock.timers.enable({ apis: ["setTimeout"] });
    [sockets, detours, status, remembered, clock] = [[], [], 200, false, 0];
  });

  test("is taken after two refused handshakes while the site answers", async () => {
    const connection = connect();
    sockets[0].refuse();
    await settle();
    assert.equal(detours.length, 0, "one may be chance");
    pass(500);
    sockets[1].refuse();
    await settle();
    assert.equal(detours.length, 1);
    detours[0].ready();
    assert.equal(connection.state, "ready");
    assert.equal(remembered, true);
  });

  test("is taken after one handshake that nobody answers", async () => {
    connect();
    pass(15_000);
    await settle();
    assert.equal(detours.length, 1);
  });

  test("is not taken while the site does not answer, nor by who is signed out", async () => {
    const connection = connect();
    status = 502;
    await refuseTwice();
    assert.equal(detours.length, 0);
    status = 401;
    pass(30_000);
    sockets.at(-1)?.refuse();
    await settle();
    assert.equal(detours.length, 0);
    assert.equal(connection.state, "signed-out");
  });

  test("a socket that breaks later is no reason", async () => {
    connect();
    for (let turn = 0; turn < 4; turn += 1) {
      sockets.at(-1)?.ready();
      sockets.at(-1)?.refuse();
      await settle();
      pass(30_000);
    }
    assert.equal(detours.length, 0);
  });

  test("is taken at once by the next page of the same tab", () => {
    remembered = true;
    connect();
    assert.deepEqual([sockets.length, detours.length], [0, 1]);
  });

  test("a detour that fails too is given up for a socket", async () => {
    remembered = true;
    connect();
    detours[0].refuse();
    await settle();
    pass(500);
    assert.deepEqual([sockets.length, detours.length], [1, 1]);
  });

  test("a WebSocket is looked for every minute, beside it, and used when it works", async () => {
    const connection = connect();
    await refuseTwice();
    detours[0].ready();
    pass(60_000);
    assert.equal(sockets.length, 3);
    sockets[2].refuse();
    assert.equal(connection.state, "ready", "the detour goes on");
    pass(60_000);
    assert.equal(sockets.length, 4);
    assert.equal(detours[0].open, true);
    sockets[3].ready();
    assert.equal(detours[0].open, false);
    assert.equal(sockets.length, 5);
    sockets[4].ready();
    assert.equal(connection.state, "ready");
    assert.equal(remembered, false);
    assert.equal(sockets[3].open, false, "what looked is closed");
    pass(300_000);
    assert.equal(detours.length, 1);
  });

  test("stopping ends the look for a WebSocket too", async () => {
    remembered = true;
    const connection = connect();
    detours[0].ready();
    pass(60_000);
    connection.stop();
    assert.deepEqual([sockets[0].open, detours[0].open], [false, false]);
    pass(300_000);
    assert.equal(sockets.length, 1);
  });
});
