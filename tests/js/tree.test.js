import assert from "node:assert/strict";
import { test } from "node:test";

import { above } from "../../static/js/turn.js";
import { apply, open, thread } from "../../static/js/transcript.js";
import { lacks, lastBelow, rated } from "../../static/js/tree.js";
import { CONVERSATION, uuid } from "./simulated.js";

/** @param {number} number @param {number | null} parent @param {object} [more] */
function message(number, parent, more = {}) {
  return /** @type {any} */ ({
    uuid: uuid(number),
    parent: parent === null ? null : uuid(parent),
    role: number % 2 ? "user" : "assistant",
    status: "complete",
    generation: null,
    ...more,
  });
}

/** @param {any[]} messages */
const tree = (...messages) => new Map(messages.map((each) => [each.uuid, each]));

test("below a message the branch is shown in which somebody wrote last", () => {
  // 1 ─ 2 ─ 3 ─ 4   and beside 2: 6; beside 3: 5 ─ 8
  const known = tree(
    message(1, null),
    message(2, 1),
    message(3, 2),
    message(4, 3),
    message(5, 2),
    message(6, 1),
    message(8, 5),
  );
  assert.equal(lastBelow(known, uuid(2)), uuid(8));
  assert.equal(lastBelow(known, uuid(3)), uuid(4));
  assert.equal(lastBelow(known, uuid(6)), uuid(6));
  assert.equal(lastBelow(known, uuid(9)), null);
});

test("that other versions exist is known before they are", () => {
  const siblings = { index: 1, count: 3, previous: null, next: uuid(7) };
  assert.equal(lacks(tree(message(1, null), message(2, 1, { siblings })), uuid(1)), true);
  assert.equal(lacks(tree(message(1, null), message(2, 1)), uuid(1)), false);
});

test("a new version beside unknown ones is shown at once, and the others are asked for", () => {
  const siblings = { index: 1, count: 3, previous: null, next: uuid(7) };
  const accepted = /** @type {any} */ ({
    type: "accepted",
    conversation: CONVERSATION,
    user_message: null,
    assistant_message: uuid(10),
    generation: uuid(20),
    parent: uuid(1),
    created_at: "2026-02-03T04:05:06Z",
  });
  const partly = open(CONVERSATION, [message(1, null), message(2, 1, { siblings })]);
  const step = apply(partly, accepted);
  assert.deepEqual(step.effects, [{ kind: "reload" }]);
  assert.deepEqual(
    thread(step.transcript).map((each) => each.uuid),
    [uuid(1), uuid(10)],
  );
  const whole = open(CONVERSATION, [message(1, null), message(2, 1)]);
  assert.deepEqual(apply(whole, accepted).effects, []);
});

test("another wording on its way hides what was below the old one", () => {
  const shown = [message(1, null), message(2, 1), message(3, 2), message(4, 3)];
  /** @type {"answer" | null} */
  let waits = null;
  const numbers = (/** @type {object} */ command) =>
    above(shown, /** @type {any} */ ([{ command: { type: "send", key: "k", text: "x", ...command } }]), () => waits).map(
      (each) => each.uuid,
    );
  assert.deepEqual(numbers({ parent: uuid(2) }), [uuid(1), uuid(2)]);
  assert.deepEqual(numbers({ parent: null }), []);
  assert.equal(numbers({ parent: uuid(4) }).length, 4);
  assert.equal(numbers({}).length, 4);
  assert.equal(numbers({ parent: uuid(99) }).length, 4);
  assert.equal(above(shown, [], () => null).length, 4);
  waits = "answer";
  assert.equal(numbers({ parent: null }).length, 4);
});

test("a rating is noted on its message alone", () => {
  const known = tree(message(1, null), message(2, 1));
  /** @type {import("../../static/js/tree.js").Feedback} */
  const feedback = { rating: "down", reasons: [], comment: "" };
  const after = rated(known, uuid(2), feedback);
  assert.deepEqual(after.get(uuid(2))?.feedback, feedback);
  assert.equal(after.get(uuid(1)), known.get(uuid(1)));
  assert.equal(rated(known, uuid(9), feedback), known);
});
