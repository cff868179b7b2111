import assert from "node:assert/strict";
import { beforeEach, describe, mock, test } from "node:test";

import { Connection } from "../../static/js/connection.js";
import { dice, uuid } from "./simulated.js";

/** A socket without a network. */
class Socket {
  /** @type {any[]} */
  sent = [];
  open = true;
  /** @type {((event: any) => void) | null} */
  onmessage = null;
  /** @type {((event: any) => void) | null} */
  onclose = null;

  /** @param {string} frame */
  send(frame) {
    this.sent.push(JSON.parse(frame));
  }

  close() {
    this.open = false;
  }

  /** @param {object} update */
  give(update) {
    this.onmessage?.({ data: JSON.stringify(update) });
  }

  /** @param {number} code */
  drop(code) {
    this.onclose?.({ code });
  }

  ready() {
    this.give({ type: "ready", protocol: 1, user: "1", server_time: "now" });
  }

  /** @param {string} type */
  of(type) {
    return this.sent.filter((command) => command.type === type);
  }
}

/** @type {Socket[]} */
let sockets = [];
let clock = 0;
let luck = 1;
let status = 200;

/** @param {number} milliseconds */
function pass(milliseconds) {
  clock += milliseconds;
  mock.timers.tick(milliseconds);
}

/** @param {number} [protocol] that the page speaks */
function connect(protocol = 1) {
  const connection = new Connection("ws://chat.example/ws/chat/", "/api/v1/me", {
    socket: () => {
      sockets.push(new Socket());
      return /** @type {any} */ (sockets.at(-1));
    },
    fetch: /** @type {any} */ (async () => ({ status, text: async () => "" })),
    random: () => luck,
    now: () => clock,
    wall: () => clock,
    protocol,
  });
  connection.start();
  return connection;
}

/** The socket that is in use. */
function socket() {
  return /** @type {Socket} */ (sockets.at(-1));
}

/** Lets promises that are under way end. */
async function settle() {
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
}

const delta = (/** @type {number} */ seq, text = "x") => ({
  type: "delta",
  conversation: uuid(1),
  message: uuid(2),
  generation: uuid(3),
  seq,
  kind: "text",
  text,
});

describe("connection", () => {
  beforeEach(() => {
    mock.timers.reset();
    mock.timers.enable({ apis: ["setTimeout"] });
    [sockets, clock, luck, status] = [[], 0, 1, 200];
  });

  test("comes back with full jitter below a ceiling that doubles up to 30 s (R49)", () => {
    connect();
    const ceilings = [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
    for (const ceiling of ceilings) {
      const before = sockets.length;
      socket().drop(1006);
      pass(ceiling - 1);
      assert.equal(sockets.length, before, `not before ${ceiling}`);
      pass(1);
      assert.equal(sockets.length, before + 1, `after ${ceiling}`);
    }
  });

  test("the delay is drawn between nothing and the ceiling (R49)", () => {
    luck = 0.25;
    connect();
    socket().drop(1006);
    pass(124);
    assert.equal(sockets.length, 1);
    pass(1);
    assert.equal(sockets.length, 2);
  });

  test("the back-off starts over only after ten stable seconds (R49)", () => {
    connect();
    for (let turn = 0; turn < 3; turn += 1) {
      socket().drop(1006);
      pass(30_000);
    }
    socket().ready();
    pass(9_000);
    socket().drop(1006);
    pass(500);
    assert.equal(sockets.length, 4, "nine seconds are not enough");
    pass(30_000);
    socket().ready();
    pass(10_000);
    socket().drop(1006);
    pass(500);
    assert.equal(sockets.length, 6);
  });

  test("a time that the server asked for is waited (R49)", () => {
    const connection = connect();
    socket().ready();
    connection.holdOff(20);
    socket().drop(4013);
    pass(20_000);
    assert.equal(sockets.length, 1);
    pass(500);
    assert.equal(sockets.length, 2);
  });

  test("comes back at once when the server restarts (4001)", () => {
    connect();
    for (let turn = 0; turn < 6; turn += 1) {
      socket().drop(1006);
      pass(30_000);
    }
    socket().ready();
    socket().drop(4001);
    pass(500);
    assert.equal(sockets.length, 8);
  });

  for (const code of [1000, 1001, 1006, 1009, 1011, 1012, 4013, 4400, 4429]) {
    test(`comes back after ${code}`, () => {
      connect();
      socket().ready();
      socket().drop(code);
      pass(30_000);
      assert.equal(sockets.length, 2);
    });
  }

  for (const code of [4401, 4403]) {
    test(`is over after ${code} (R49)`, () => {
      const connection = connect();
      socket().ready();
      socket().drop(code);
      pass(60_000);
      assert.equal(sockets.length, 1);
      assert.equal(connection.state, "signed-out");
    });
  }

  for (const code of [1006, 4001, 4013]) {
    test(`five hundred pages come back after ${code} one by one, not all at once (R49)`, () => {
      const random = dice(code);
      const pages = Array.from({ length: 500 }, () => {
        luck = random();
        connect();
        return socket();
      });
      for (const page of pages) page.ready();
      // Each draws its own delay.
      for (const page of pages) {
        luck = random();
        page.drop(code);
      }
      const arrivals = Array.from({ length: 10 }, () => {
        const before = sockets.length;
        pass(50);
        return sockets.length - before;
      });
      assert.equal(arrivals.reduce((sum, each) => sum + each), 500, "within the first half second");
      assert.ok(Math.max(...arrivals) < 100, `flat: ${arrivals}`);
    });
  }

  test("a close before ready asks who is signed in; 401 means nobody", async () => {
    const connection = connect();
    status = 401;
    socket().drop(1006);
    await settle();
    assert.equal(connection.state, "signed-out");
    pass(60_000);
    assert.equal(sockets.length, 1);
  });

  test("a close before ready with a session that holds is tried again", async () => {
    const connection = connect();
    socket().drop(1006);
    await settle();
    assert.equal(connection.state, "waiting");
    pass(500);
    assert.equal(sockets.length, 2);
  });

  test("acknowledges what was handled once a second, with the last numbers", () => {
    connect();
    socket().ready();
    for (let seq = 1; seq <= 5; seq += 1) {
      socket().give(delta(seq));
      pass(100);
    }
    assert.deepEqual(socket().of("ack"), []);
    pass(500);
    assert.deepEqual(socket().of("ack"), [{ type: "ack", cursors: { [uuid(3)]: 5 } }]);
  });

  test("acknowledges at once after 64 KiB", () => {
    connect();
    socket().ready();
    socket().give(delta(1, "ä".repeat(33_000)));
    assert.deepEqual(socket().of("ack"), [{ type: "ack", cursors: { [uuid(3)]: 1 } }]);
  });

  test("acknowledges frames that carry no number with empty cursors", () => {
    connect();
    socket().ready();
    socket().give({ type: "conversation", conversation: uuid(1), title: "Tides" });
    pass(1_000);
    assert.deepEqual(socket().of("ack"), [{ type: "ack", cursors: {} }]);
  });

  test("acknowledges only after the update was handled", () => {
    const connection = connect();
    socket().ready();
    pass(1_000);
    pass(1_000);
    const before = socket().of("ack").length;
    connection.addEventListener("update", () => assert.equal(socket().of("ack").length, before));
    socket().give(delta(1));
    assert.equal(socket().of("ack").length, before + 1);
  });

  test("silence is answered with a ping, more silence with a new socket", () => {
    connect();
    socket().ready();
    pass(20_000);
    assert.equal(socket().of("ping").length, 1);
    const first = socket();
    pass(10_000);
    assert.equal(first.open, false);
    pass(500);
    assert.equal(sockets.length, 2);
  });

  test("a pong keeps the socket", () => {
    connect();
    socket().ready();
    pass(20_000);
    socket().give({ type: "pong" });
    pass(15_000);
    assert.equal(sockets.length, 1);
  });

  test("a handshake that nobody answers is given up", () => {
    connect();
    pass(15_000);
    pass(500);
    assert.equal(sockets.length, 2);
  });

  test("a frame that is no update is passed over", () => {
    const connection = connect();
    let heard = 0;
    connection.addEventListener("update", () => (heard += 1));
    socket().onmessage?.({ data: "nonsense" });
    socket().onmessage?.({ data: new ArrayBuffer(3) });
    socket().give({ type: "weather" });
    assert.equal(heard, 0);
    socket().ready();
    assert.equal(heard, 1);
  });

  const greeting = (/** @type {number} */ protocol) => ({
    type: "ready",
    protocol,
    user: "1",
    server_time: "now",
  });

  test("a page that is older than its server is over, and says nothing to it (R99)", () => {
    const connection = connect();
    let heard = 0;
    connection.addEventListener("update", () => (heard += 1));
    socket().give(greeting(2));
    assert.equal(connection.state, "outdated");
    assert.equal(connection.send({ type: "ping" }), false);
    pass(120_000);
    assert.deepEqual([sockets.length, heard, socket().sent.length], [1, 0, 0]);
  });

  test("a page that is newer than a server finds another one (R99)", () => {
    const connection = connect(2);
    for (let turn = 0; turn < 2; turn += 1) {
      socket().give(greeting(1));
      assert.equal(connection.state, "waiting");
      pass(30_000);
    }
    socket().give(greeting(2));
    assert.equal(connection.state, "ready");
    assert.equal(sockets.length, 3);
  });

  test("a page that finds only older servers is over, too: that was taken back (R99)", () => {
    const connection = connect(2);
    for (let turn = 0; turn < 3; turn += 1) {
      socket().give(greeting(1));
      pass(30_000);
    }
    assert.equal(connection.state, "outdated");
    assert.equal(sockets.length, 3);
  });

  test("starting and stopping twice is starting and stopping once", () => {
    const connection = connect();
    connection.start();
    assert.equal(sockets.length, 1);
    socket().ready();
    connection.stop();
    connection.stop();
    pass(120_000);
    assert.equal(sockets.length, 1);
    assert.equal(socket().open, false);
    connection.start();
    assert.equal(sockets.length, 2);
  });

  test("nothing is sent before ready", () => {
    const connection = connect();
    assert.equal(connection.send({ type: "ping" }), false);
    socket().ready();
    assert.equal(connection.send({ type: "ping" }), true);
  });
});
