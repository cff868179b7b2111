/**
 * The examples of the CommonMark specification (0.31.2, John MacFarlane, CC-BY-SA 4.0, from the
 * package commonmark-spec) and those of GFM's extensions (tests/js/gfm-examples.js). What is drawn
 * has the structure that they ask for, with the page's own rules applied to it: raw HTML is text,
 * images are links, and links lead only to http, https and mailto.
 */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";

import { target } from "../../static/js/markdown/link.js";
import { Markdown } from "../../static/js/markdown/markdown.js";
import { page } from "./dom.js";
import { EXAMPLES } from "./gfm-examples.js";

const { tests: SPEC } = createRequire(import.meta.url)("commonmark-spec");
const { document } = page();

/** @param {string} text */
function drawn(text) {
  const root = document.createElement("div");
  const markdown = new Markdown(root);
  while (!markdown.draw(text, { final: true }));
  for (const code of root.querySelectorAll(".code")) code.replaceWith(/** @type {Element} */ (code.querySelector("pre")));
  for (const table of root.querySelectorAll("div.table")) table.replaceWith(...table.childNodes);
  return structure(root);
}

/** @param {string} html */
function asked(html) {
  const root = document.createElement("div");
  root.innerHTML = html;
  for (const image of root.querySelectorAll("img")) {
    const link = document.createElement("a");
    link.href = image.getAttribute("src") ?? "";
    link.textContent = `Image: ${image.alt || image.getAttribute("src")}`;
    image.replaceWith(link);
  }
  for (const link of root.querySelectorAll("a")) {
    const to = target(link.getAttribute("href") ?? "");
    if (to) link.setAttribute("href", to.href);
    else link.replaceWith(...link.childNodes);
  }
  root.normalize();
  return structure(root);
}

const PRE = new Set(["PRE", "CODE"]);

/** Tags, what they say, and where they lead. @param {Element} element @returns {any[]} */
function structure(element) {
  element.normalize();
  const exact = PRE.has(element.tagName);
  const found = [];
  for (const child of element.childNodes) {
    if (child.nodeType === 3) {
      const text = exact ? (child.textContent ?? "").replace(/\n$/, "") : (child.textContent ?? "").replace(/\s+/g, " ").trim();
      if (text) found.push(text);
    } else if (child.nodeType === 1) found.push(described(/** @type {Element} */ (child)));
  }
  return found;
}

/** @param {Element} element */
function described(element) {
  const level = /^heading-(\d)$/.exec(element.className)?.[1];
  const side = element.getAttribute("align") ?? /^align-(\w+)$/.exec(element.className)?.[1];
  const more = element.getAttribute("href") ?? element.getAttribute("start") ?? side ?? "";
  const box = element.localName === "input" ? String(element.hasAttribute("checked")) : "";
  return [level ? `h${level}` : element.localName, more + box, ...structure(element)];
}

/** @param {{markdown: string, html: string}} example */
function isSame({ markdown, html }) {
  return JSON.stringify(drawn(markdown)) === JSON.stringify(asked(html));
}

const RAW = new Set(["HTML blocks", "Raw HTML"]);

test("at least 97 % of CommonMark's examples without raw HTML are drawn with the structure they ask for", (t) => {
  const examples = SPEC.filter((/** @type {any} */ { section, markdown }) => !RAW.has(section) && !/<[a-z/!?][^:@>]*>/i.test(markdown)).map(
    (/** @type {any} */ { markdown, html, number }) => ({ markdown: markdown.replaceAll("→", "\t"), html: html.replaceAll("→", "\t"), number }),
  );
  const wrong = examples.filter((/** @type {any} */ example) => !isSame(example));
  const share = (100 * (examples.length - wrong.length)) / examples.length;
  t.diagnostic(`${examples.length - wrong.length} of ${examples.length} examples, ${share.toFixed(1)} %; not: ${wrong.map((/** @type {any} */ { number }) => number)}`);
  assert.ok(examples.length > 550, `${examples.length} examples`);
  assert.ok(share >= 97, `${share} %`);
});

for (const [name, examples] of Object.entries(EXAMPLES)) {
  test(`all of GFM's examples of ${name} are drawn with the structure they ask for`, () => {
    for (const { markdown, html } of examples) assert.deepEqual(drawn(markdown), asked(html), markdown);
  });
}
