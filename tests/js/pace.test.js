import assert from "node:assert/strict";
import { test } from "node:test";

import { learn, moment } from "../../static/js/clock.js";
import { mostTokens, Pace } from "../../static/js/pace.js";

const BEGAN = 1_000_000;

/** @param {{reasoning?: string, text?: string}} [written] */
function pace(written = {}) {
  let now = BEGAN;
  const made = new Pace(() => BEGAN, { reasoning: "", text: "", ...written }, () => now);
  return {
    at: (/** @type {number} */ ms, /** @type {{reasoning?: string, text?: string}} */ so_far) => {
      now = BEGAN + ms;
      if (so_far) made.see({ reasoning: "", text: "", ...so_far });
      return made;
    },
    made,
  };
}

test("before the first words there is silence, and nothing to measure", () => {
  const { at } = pace();
  assert.equal(at(4_200, {}).silence, 4_200);
  assert.equal(at(4_200, {}).words(4_096), "");
});

test("how soon the first words came, how fast the others, and how far it is", () => {
  const { at } = pace();
  assert.equal(at(1_200, { text: "word" }).words(4_096), "first words after 1.2 s · about 1 of at most 4,096 tokens");
  const made = at(3_200, { text: "word".repeat(101) });
  assert.equal(made.words(4_096), "first words after 1.2 s · about 50 tokens/s · about 101 of at most 4,096 tokens");
  assert.equal(made.words(0), "first words after 1.2 s · about 50 tokens/s · about 101 tokens");
  assert.equal(at(8_200, { text: "word".repeat(101) }).silence, 5_000);
});

test("what it thinks counts for the speed and not for the length, and some characters count more", () => {
  const { at } = pace();
  at(1_000, { reasoning: "word" });
  const thought = "word".repeat(21);
  assert.equal(at(3_000, { reasoning: thought }).words(9), "first words after 1 s · about 10 tokens/s");
  assert.match(at(4_000, { reasoning: thought, text: "数字数字" }).words(9), /about 3 of at most 9 tokens$/);
});

test("an answer may be as long as the conversation says, as far as its model can", () => {
  const known = { max_tokens: 4_096, models: [{ id: "small", most: 512 }, { id: "any", most: null }] };
  assert.equal(mostTokens(known, "small", {}), 512);
  assert.equal(mostTokens(known, "small", { max_tokens: 100 }), 100);
  assert.equal(mostTokens(known, "any", {}), 4_096);
  assert.equal(mostTokens({ models: [] }, undefined, {}), 0);
});

test("a page that came later does not say when the first words came, nor that all came now", () => {
  const { at, made } = pace({ text: "word".repeat(100) });
  assert.equal(made.words(0), "about 100 tokens");
  at(1_000, { text: "word".repeat(101) });
  assert.equal(at(3_000, { text: "word".repeat(121) }).words(0), "about 10 tokens/s · about 121 tokens");
});

test("an answer that is begun again is measured again", () => {
  const { at } = pace();
  at(1_000, { text: "word".repeat(50) });
  assert.equal(at(2_000, { text: "" }).words(0), "");
  assert.equal(at(9_000, { text: "word" }).words(0), "first words after 9 s · about 1 token");
});

test("a clock that is wrong does not make a wait longer", () => {
  const server = new Date(Date.now() - 3_600_000).toISOString();
  learn(server);
  assert.ok(Math.abs(moment(server) - Date.now()) < 60_000);
  learn("not a time");
  assert.ok(Math.abs(moment(server) - Date.now()) < 60_000);
});
