import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { commandFault, decode, encode, isUpdate } from "../../static/js/protocol.js";

/** @typedef {{name: string, frame: any, valid: boolean, code?: string}} Sample */

/** @type {{commands: Sample[], updates: Sample[]}} */
const samples = JSON.parse(readFileSync(new URL("../samples/protocol.json", import.meta.url), "utf8"));

for (const sample of samples.commands) {
  test(`command: ${sample.name}`, () => {
    assert.equal(commandFault(sample.frame), sample.valid ? null : sample.code);
  });
}

for (const sample of samples.updates) {
  test(`update: ${sample.name}`, () => {
    assert.equal(isUpdate(sample.frame), sample.valid);
    assert.deepEqual(decode(JSON.stringify(sample.frame)), sample.valid ? sample.frame : null);
  });
}

test("a frame that is no object is left alone", () => {
  for (const frame of ["", "nonsense", "null", "[]", "7", '"ready"']) assert.equal(decode(frame), null);
  for (const value of [null, [], "send", 7]) assert.equal(commandFault(value), "malformed");
});

const NUMBERED = {
  conversation: "6f1c2a34-5b6d-4e7f-8a90-b1c2d3e4f501",
  message: "3d2c1b0a-9f8e-4d7c-8b6a-5f4e3d2c1b03",
  generation: "a7b6c5d4-e3f2-4a1b-9c0d-8e7f6a5b4c04",
  seq: 3,
};

test("a field that only a newer server knows changes nothing (R99)", () => {
  for (const { frame, valid } of samples.updates) {
    if (valid) assert.deepEqual(decode(JSON.stringify({ ...frame, mood: "blue" })), { ...frame, mood: "blue" });
  }
});

test("an update that only a newer server knows is counted where it is numbered (R99)", () => {
  const picture = { type: "picture", ...NUMBERED, src: "x" };
  assert.deepEqual(decode(JSON.stringify(picture)), { ...picture, type: "passed" });
  assert.equal(decode(JSON.stringify({ ...picture, seq: "3" })), null);
  assert.equal(decode(JSON.stringify({ type: "weather" })), null);
});

test("a greeting is understood whatever version it names (R99)", () => {
  const ready = { type: "ready", protocol: 2, user: "1", server_time: "2026-02-03T04:05:06Z", mood: "blue" };
  assert.deepEqual(decode(JSON.stringify(ready)), ready);
});

test("a type that only the prototype knows is unknown", () => {
  assert.equal(commandFault({ type: "constructor" }), "unknown_type");
  assert.equal(isUpdate({ type: "toString" }), false);
});

test("text of all kinds survives the way there and back", () => {
  const text = "é 👩‍👩‍👧 \u2028 \u0000 \ud800";
  assert.equal(JSON.parse(encode({ type: "send", key: "k", text })).text, text);
});
