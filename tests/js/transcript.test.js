import assert from "node:assert/strict";
import { test } from "node:test";

import { apply, cursors, open } from "../../static/js/transcript.js";
import { CONVERSATION, uuid } from "./simulated.js";

/** @param {number} number @param {string} status @param {string[]} actions */
function answer(number, status, actions) {
  const generation = { id: uuid(100 + number), model: null, attempt: 1, seq: number, actions };
  return /** @type {any} */ ({ uuid: uuid(number), parent: null, role: "assistant", status, generation });
}

test("following names what runs and what can go on without a new message (R6)", () => {
  const transcript = open(CONVERSATION, [
    answer(1, "complete", ["regenerate"]),
    answer(2, "stopped", ["continue", "regenerate"]),
    answer(3, "streaming", []),
    /** @type {any} */ ({ uuid: uuid(4), parent: null, role: "user", status: "complete", generation: null }),
  ]);
  assert.deepEqual(cursors(transcript), { [uuid(102)]: 2, [uuid(103)]: 3 });
});

/** Applies updates to an answer that is being written, and gives it. @param {object[]} updates */
function told(...updates) {
  let transcript = open(CONVERSATION, [answer(3, "streaming", [])]);
  updates.forEach((update, at) => {
    const numbered = { conversation: CONVERSATION, message: uuid(3), generation: uuid(103), seq: 4 + at };
    ({ transcript } = apply(transcript, /** @type {any} */ ({ ...numbered, ...update })));
  });
  return /** @type {any} */ (transcript.messages.get(uuid(3)));
}

const SOURCE = { number: 1, title: "Handbook", place: "page 3", url: null, source: "" };
const TOOL = { name: "search", server: true, input: "", result: null };
/** @param {string} code @param {object} data */
const notice = (code, data) => ({ type: "notice", code, detail: "", data });
const ENDED = { type: "finished", status: "complete", stop_reason: "end_turn", error: null, usage: null };

test("sources and tools are kept as they are told, and as the end tells them", () => {
  const parts = [notice("citation", SOURCE), notice("tool_use", TOOL)];
  assert.deepEqual(told(...parts).generation.parts, { citations: [SOURCE], tools: [TOOL], redacted: false });
  const all = { citations: [SOURCE], tools: [{ ...TOOL, result: "2" }], redacted: true };
  const ended = told(...parts, { ...ENDED, timings: {}, actions: [], parts: all });
  assert.deepEqual(ended.generation.parts, all);
  assert.equal(told(...parts, { ...ENDED, timings: {}, actions: [] }).generation.parts, null);
});

test("what is withdrawn is gone with all that belonged to it (R72)", () => {
  const said = [{ type: "delta", kind: "reasoning", text: "Hm" }, { type: "delta", kind: "text", text: "Bad" }];
  const withdrawn = told(...said, notice("citation", SOURCE), { type: "retracted", reason: "guardrail", text: "No." });
  assert.deepEqual([withdrawn.text, withdrawn.reasoning, withdrawn.generation.parts], ["No.", "", null]);
});

test("an answer that begins anew has no sources yet", () => {
  const again = told(notice("citation", SOURCE), { type: "restarted", attempt: 2, reason: "model_error" });
  assert.equal(again.generation.parts, null);
});
