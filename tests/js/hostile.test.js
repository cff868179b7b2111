/** What hostile text becomes, cut anywhere: nothing but what the renderer makes (R27, R28, R101). */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Markdown } from "../../static/js/markdown/markdown.js";
import { page } from "./dom.js";

const { document } = page();
const { texts } = JSON.parse(readFileSync(new URL("../samples/hostile.json", import.meta.url), "utf8"));

const TAGS = new Set(
  (
    "a blockquote br button code del div em h3 h4 h5 h6 hr input label li ol p pre section span strong sup " +
    "table tbody td th thead tr ul"
  ).split(" "),
);
const ATTRIBUTES = new Set(
  (
    "aria-describedby aria-hidden aria-label aria-labelledby aria-pressed checked class data-act " +
    "data-footnote data-language data-note data-place dir disabled hidden href id rel role start style " +
    "tabindex target title type"
  ).split(" "),
);

/** @param {Element} root @param {string} about */
function expectHarmless(root, about) {
  for (const element of root.querySelectorAll("*")) {
    assert.ok(TAGS.has(element.localName), `<${element.localName}> of ${about}`);
    for (const { name, value } of element.attributes) {
      assert.ok(ATTRIBUTES.has(name), `${name} of ${about}`);
      if (name === "href") assert.match(value, /^(https?:|mailto:|#)/, about);
      if (name === "style") assert.match(value, /^text-align: ?(left|right|center);?$/, about);
      if (name === "id") assert.doesNotMatch(value, /^(document|composer|body|f|x|p)$/, about);
    }
    if (element.localName === "a" && !element.getAttribute("href")?.startsWith("#")) {
      assert.equal(element.getAttribute("rel"), "noopener noreferrer", about);
    }
  }
}

test("there are at least a hundred of them", () => {
  assert.ok(new Set(texts).size >= 100);
});

test("looked at after every character, each is drawn as nothing that runs, loads or pretends", () => {
  for (const text of texts) {
    const root = document.createElement("div");
    const markdown = new Markdown(root);
    for (let cut = 1; cut < text.length; cut += 1) {
      markdown.draw(text.slice(0, cut));
      expectHarmless(root, `${text.slice(0, cut)}|`);
    }
    while (!markdown.draw(text, { final: true }));
    expectHarmless(root, text);
  }
});

test("one after the other in one answer they are as harmless, and what follows is still read", () => {
  const root = document.createElement("div");
  const markdown = new Markdown(root);
  let text = "";
  for (const more of texts) {
    text += `${more}\n\n`;
    markdown.draw(text);
  }
  text += "The end.";
  while (!markdown.draw(text, { final: true }));
  expectHarmless(root, "all");
  assert.ok(root.textContent?.includes("The end."));
});
