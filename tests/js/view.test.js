import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { figures } from "../../static/js/gauge.js";
import { apply, open } from "../../static/js/transcript.js";
import { contextOf, lineWords, marks } from "../../static/js/view.js";
import { CONVERSATION, uuid } from "./simulated.js";

const { cases } = JSON.parse(readFileSync(new URL("../samples/view.json", import.meta.url), "utf8"));

for (const { name, thread, marks: expected } of cases) {
  test(`what is drawn of a branch: ${name}`, () => {
    const messages = thread.map((/** @type {[string, object | null]} */ [id, context]) => ({
      uuid: id,
      generation: context && { context },
    }));
    const drawn = [...marks(messages)].map(([id, { view, above }]) => [id, [view, above]]);
    assert.deepEqual(Object.fromEntries(drawn), expected);
  });
}

test("the line counts what is above it", () => {
  assert.equal(lineWords(1), "The message above is no longer sent to the model.");
  assert.equal(lineWords(12), "12 messages above are no longer sent to the model.");
});

const CONTEXT = {
  from: "q1",
  kept: [],
  left_out: 0,
  tokens: 1_234,
  counted: false,
  budget: 4_000,
  window: 8_000,
  summarised: false,
};

test("the gauge says whether the model counted or somebody guessed", () => {
  assert.match(figures(CONTEXT), /about 1,234 tokens \(an estimate\); 4,000 fit beside an answer/);
  assert.match(figures({ ...CONTEXT, counted: true }), /with 1,234 tokens \(counted by the model\)/);
  assert.match(figures({ ...CONTEXT, left_out: 1 }), /1 message was left out\.$/);
  assert.match(figures({ ...CONTEXT, left_out: 3, summarised: true }), /3 messages were left out; a summary was sent in their place/);
});

test("a pin of another tab is shown, and the end of an answer brings its context", () => {
  const question = { uuid: uuid(1), parent: null, role: "user", status: "complete", generation: null };
  const generation = { id: uuid(9), model: null, attempt: 1, seq: 3 };
  const answer = { uuid: uuid(2), parent: uuid(1), role: "assistant", status: "streaming", generation };
  let transcript = open(CONVERSATION, /** @type {any} */ ([question, answer]));
  /** @param {object} update */
  const take = (update) => ({ transcript } = apply(transcript, /** @type {any} */ (update)));
  take({ type: "conversation", conversation: CONVERSATION, pins: [uuid(1)] });
  assert.deepEqual(
    [...transcript.messages.values()].map((message) => message.pinned ?? false),
    [true, false],
  );
  take({ type: "conversation", conversation: CONVERSATION, title: "Tides" });
  assert.equal(transcript.messages.get(uuid(1))?.pinned, true);
  const ids = { conversation: CONVERSATION, message: uuid(2), generation: uuid(9), seq: 4 };
  take({ ...ids, type: "finished", status: "complete", context: CONTEXT, actions: [] });
  assert.deepEqual(contextOf([...transcript.messages.values()]), CONTEXT);
});
