import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";

import { Connection } from "../../static/js/connection.js";

/** What a page hears of the device. */
const screen = Object.assign(new EventTarget(), { visibilityState: "visible" });
const network = new EventTarget();
/** @type {{sent: any[], onmessage: any, onclose: any, open: boolean}[]} */
let sockets = [];
let wall = 0;
/** @type {Connection} */
let connection;

/** @param {number} milliseconds timers and the clock on the wall go on together */
function pass(milliseconds) {
  wall += milliseconds;
  mock.timers.tick(milliseconds);
}

/** @param {number} milliseconds in which no timer runs */
function sleep(milliseconds) {
  screen.visibilityState = "hidden";
  wall += milliseconds;
  screen.visibilityState = "visible";
}

function socket() {
  const newest = sockets.at(-1);
  assert.ok(newest);
  return newest;
}

/** @param {object} update */
function give(update) {
  socket().onmessage({ data: JSON.stringify(update) });
}

function ready() {
  give({ type: "ready", protocol: 1, user: "1", server_time: "now" });
}

const seen = () => screen.dispatchEvent(new Event("visibilitychange"));

beforeEach(() => {
  mock.timers.enable({ apis: ["setTimeout"] });
  [sockets, wall] = [[], 1_000_000];
  Object.assign(globalThis, {
    document: screen,
    addEventListener: network.addEventListener.bind(network),
    removeEventListener: network.removeEventListener.bind(network),
  });
  connection = new Connection("ws://chat.example/ws/chat/", "/api/v1/me", {
    socket: () => {
      /** @type {any} */
      const made = { sent: [], onmessage: null, onclose: null, open: true };
      made.send = (/** @type {string} */ frame) => made.sent.push(JSON.parse(frame));
      made.close = () => (made.open = false);
      sockets.push(made);
      return made;
    },
    fetch: /** @type {any} */ (async () => ({ status: 200, ok: true, text: async () => "" })),
    random: () => 1,
    now: () => 0,
    wall: () => wall,
    protocol: 1,
  });
  connection.start();
  ready();
});

afterEach(() => {
  connection.stop();
  mock.timers.reset();
});

describe("a device that wakes", () => {
  test("has a new line at once after a long sleep: nobody waits for a timer", () => {
    sleep(60_000);
    seen();
    assert.equal(sockets.length, 2);
    assert.equal(sockets[0]?.open, false);
    ready();
    assert.equal(connection.state, "ready");
  });

  test("keeps a line that answers after a short look elsewhere", () => {
    sleep(5_000);
    seen();
    assert.deepEqual(socket().sent.at(-1), { type: "ping" });
    pass(300);
    give({ type: "pong" });
    pass(2_000);
    assert.equal(sockets.length, 1);
  });

  test("leaves a line that does not answer within a second", () => {
    sleep(5_000);
    seen();
    pass(1_000);
    assert.equal(sockets.length, 2);
    assert.equal(connection.state, "connecting");
  });

  test("has a new line at once when the network is back, whatever it was waiting for", () => {
    network.dispatchEvent(new Event("online"));
    assert.equal(sockets.length, 2);
    for (let turn = 0; turn < 6; turn += 1) {
      socket().onclose({ code: 4013 });
      pass(turn < 5 ? 30_000 : 10);
    }
    assert.equal(connection.state, "waiting");
    const before = sockets.length;
    network.dispatchEvent(new Event("online"));
    assert.equal(sockets.length, before + 1);
  });

  test("does not wait for a handshake that began before it slept", () => {
    network.dispatchEvent(new Event("online"));
    seen();
    assert.equal(sockets.length, 2, "one that has just begun is given its time");
    sleep(8_000);
    seen();
    assert.equal(sockets.length, 3);
  });

  test("is noticed when a page comes back from the browser's memory, or is thawed", () => {
    sleep(60_000);
    network.dispatchEvent(new Event("pageshow"));
    assert.equal(sockets.length, 2);
    ready();
    sleep(60_000);
    screen.dispatchEvent(new Event("resume"));
    assert.equal(sockets.length, 3);
  });

  test("connects to nothing while nobody looks, nor when the page is done with it", () => {
    screen.visibilityState = "hidden";
    wall += 60_000;
    network.dispatchEvent(new Event("online"));
    seen();
    assert.equal(sockets.length, 1);
    screen.visibilityState = "visible";
    connection.stop();
    seen();
    network.dispatchEvent(new Event("pageshow"));
    assert.equal(sockets.length, 1);
  });
});
