import assert from "node:assert/strict";
import { test } from "node:test";

import { Keyboard } from "../../static/js/keyboard.js";
import { page } from "./dom.js";

const { document } = page();
const root = document.documentElement;
const viewport = Object.assign(new EventTarget(), { height: 844, scale: 1 });
/** @type {number[][]} */
const scrolled = [];
Object.assign(globalThis, { innerHeight: 844, scrollTo: (/** @type {number[]} */ ...to) => scrolled.push(to) });

/** @param {number} height @param {number} [scale] what of the page is seen, and how large */
function covered(height, scale = 1) {
  Object.assign(viewport, { height, scale });
  viewport.dispatchEvent(new Event("resize"));
  return root.style.getPropertyValue("--covered");
}

test("the page ends above a keyboard that is laid over it, and is whole again without it", () => {
  const keyboard = new Keyboard(root, /** @type {any} */ (viewport));
  keyboard.start();
  assert.equal(covered(510), "334px");
  assert.deepEqual(scrolled, [[0, 0]]);
  assert.equal(covered(844), "0px");
  assert.equal(covered(790), "0px", "a bar of the browser is no keyboard");
  assert.equal(covered(422, 2), "0px", "whoever zooms in sees less, too");
  keyboard.stop();
  assert.equal(root.style.getPropertyValue("--covered"), "");
  assert.equal(covered(510), "");
});

test("a browser that knows no visual viewport is left alone", () => {
  const keyboard = new Keyboard(root, null);
  keyboard.start();
  keyboard.stop();
  assert.equal(root.style.getPropertyValue("--covered"), "");
});
