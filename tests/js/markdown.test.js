import assert from "node:assert/strict";
import { test } from "node:test";

import { Markdown } from "../../static/js/markdown/markdown.js";
import { page } from "./dom.js";
import { CASES } from "./markdown-cases.js";

const { document } = page();

/** @param {string} text @param {number[]} [cuts] lengths of the text at which it is drawn */
function draw(text, cuts = []) {
  const root = document.createElement("div");
  const markdown = new Markdown(root);
  for (const cut of cuts) markdown.draw(text.slice(0, cut));
  while (!markdown.draw(text, { final: true }));
  return root;
}

/** A generator that gives the same numbers each time. @param {number} seed */
function dice(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** @param {string} text @param {() => number} random */
function randomCuts(text, random) {
  const cuts = [];
  for (let at = 0; at < text.length;) cuts.push((at += 1 + Math.floor(random() * 12)));
  return cuts;
}

for (const [name, text] of Object.entries(CASES)) {
  test(`${name}: the same in pieces as in one go`, () => {
    const whole = draw(text).innerHTML;
    const each = Array.from(text, (_, at) => at + 1);
    assert.equal(draw(text, each).innerHTML, whole, "character by character");
    for (let seed = 1; seed <= 20; seed += 1) {
      assert.equal(draw(text, randomCuts(text, dice(seed))).innerHTML, whole, `cut with seed ${seed}`);
    }
  });
}

test("an answer that had ended and is continued is drawn as one", () => {
  const root = document.createElement("div");
  const markdown = new Markdown(root);
  markdown.draw("The moon pulls");
  markdown.draw("The moon pulls", { final: true });
  markdown.draw("The moon pulls");
  markdown.draw("The moon pulls the sea");
  markdown.draw("The moon pulls the sea", { final: true });
  markdown.draw("The moon pulls the sea up.");
  assert.equal(root.innerHTML, "<p>The moon pulls the sea up.</p>");
});

test("all cases in any order, as one text, come out the same in pieces as in one go", () => {
  const parts = Object.values(CASES);
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = dice(seed);
    const text = Array.from({ length: 6 }, () => parts[Math.floor(random() * parts.length)]).join(
      random() < 0.5 ? "\n" : "\n\n",
    );
    assert.equal(draw(text, randomCuts(text, random)).innerHTML, draw(text).innerHTML, `seed ${seed}`);
  }
});

const BITS = [
  "- ",
  "* ",
  "1. ",
  "2) ",
  "> ",
  "# ",
  "\n",
  "\n",
  "\n\n",
  "    ",
  "  ",
  "```",
  "~~~",
  "`",
  "*",
  "**",
  "_",
  "[a]",
  "[a]: x.example/y\n",
  "(b)",
  "<b>",
  "</b>",
  "\\(",
  "\\)",
  "<div>",
  "<!--",
  "-->",
  "|",
  "|-|-|\n",
  "| a | b |\n",
  "---",
  "===",
  "a",
  "b c",
  "\\",
  "$$",
  "[^1]",
  "[^1]: note\n",
  "[x] ",
  "!",
  "&amp;",
  "http://a.example",
  "\t",
  "+ ",
  "***",
  "é👍",
];

test("any heap of Markdown's signs comes out the same in pieces as in one go", () => {
  for (let seed = 1; seed <= 250; seed += 1) {
    const random = dice(seed * 7919);
    const text = Array.from(
      { length: 5 + Math.floor(random() * 30) },
      () => BITS[Math.floor(random() * BITS.length)],
    ).join("");
    assert.equal(
      draw(text, randomCuts(text, random)).innerHTML,
      draw(text).innerHTML,
      `seed ${seed}: ${JSON.stringify(text)}`,
    );
  }
});

test("finished blocks are never touched again", () => {
  const root = document.createElement("div");
  const markdown = new Markdown(root);
  markdown.draw("# One\n\nTwo *three*\n\n- a\n");
  const [heading, paragraph] = root.childNodes;
  const inner = paragraph?.childNodes[1];
  markdown.draw("# One\n\nTwo *three*\n\n- a\n- b\n\nEnd", { final: true });
  assert.equal(root.childNodes[0], heading);
  assert.equal(root.childNodes[1], paragraph);
  assert.equal(root.childNodes[1]?.childNodes[1], inner);
});

test("a selection in growing text stays", () => {
  const root = document.createElement("div");
  document.body.append(root);
  const markdown = new Markdown(root);
  markdown.draw("The moon pulls");
  const text = /** @type {Text} */ (root.firstChild?.firstChild);
  const range = document.createRange();
  range.setStart(text, 4);
  range.setEnd(text, 8);
  markdown.draw("The moon pulls at the sea");
  assert.equal(root.firstChild?.firstChild, text);
  assert.equal(range.toString(), "moon");
});

test("a text that is replaced is drawn anew", () => {
  const root = document.createElement("div");
  const markdown = new Markdown(root);
  markdown.draw("Something *that*\n\ngoes away");
  markdown.draw("I cannot help with that.", { final: true });
  assert.equal(root.innerHTML, "<p>I cannot help with that.</p>");
});

test("raw HTML is text", () => {
  const root = draw('<img src=x onerror=alert(1)>\n\na <script>alert(1)</script> b <b onclick="x">c</b>');
  assert.equal(root.querySelector("img, script, b"), null);
  assert.match(root.textContent ?? "", /<img src=x onerror=alert\(1\)>/);
  assert.match(root.textContent ?? "", /<script>alert\(1\)<\/script>/);
});

test("links lead only to http, https and mailto, and say where (R101)", () => {
  const root = draw("[a](https://moon.example/x?y=1) <mailto:me@moon.example> [b](http://x.example)");
  const links = [...root.querySelectorAll("a")];
  assert.deepEqual(
    links.map((a) => a.title),
    ["moon.example", "me@moon.example", "x.example"],
  );
  for (const link of links) assert.equal(link.rel, "noopener noreferrer");
});

for (const address of [
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java&#115;cript:alert(1)",
  "data:text/html,x",
  "vbscript:x",
  "file:///etc/passwd",
  "blob:https://x.example/1",
  "//evil.example",
  "/relative",
  "?x",
  "#top",
  "https://bank.example@evil.example/",
  "about:blank",
  "ftp://x.example",
]) {
  test(`no link to ${address} (R101)`, () => {
    assert.equal(
      draw(`[click](${address}) ![picture](${address}) [ref]\n\n[ref]: ${address}`).querySelector("a, img"),
      null,
    );
  });
}

test("images become links and load nothing (R28)", () => {
  const root = draw("![a cat](https://x.example/cat.png) ![ref][r]\n\n[r]: https://y.example/dog.png");
  assert.equal(root.querySelector("img"), null);
  assert.deepEqual(
    [...root.querySelectorAll("a")].map((a) => a.textContent),
    ["Image: a cat", "Image: ref"],
  );
});

test("no text gets an attribute or tag that is not ours (R27)", () => {
  const allowed = new Set(
    "a blockquote br button code del div em h3 h4 h5 h6 hr input li ol p pre span strong sup table tbody td th thead tr ul".split(
      " ",
    ),
  );
  const attributes = new Set(
    "href title target rel class start type disabled checked tabindex aria-label aria-pressed dir data-act data-place data-note data-footnote data-language".split(
      " ",
    ),
  );
  for (const text of Object.values(CASES)) {
    for (const element of draw(text).querySelectorAll("*")) {
      assert.ok(allowed.has(element.localName), element.localName);
      for (const { name } of element.attributes) assert.ok(attributes.has(name), name);
    }
  }
});

test("formulas keep their signs, whichever way they are marked", () => {
  const root = draw(
    "By \\(a_1 * b_1 * \\frac{c}{d}\\), or $$x*y*z$$.\n\nCosts $5 or $6, and an open \\(a *b* c.",
  );
  assert.deepEqual(
    [...root.querySelectorAll(".formula > code")].map((code) => code.textContent),
    ["a_1 * b_1 * \\frac{c}{d}", "x*y*z"],
  );
  assert.equal(root.lastElementChild?.textContent, "Costs $5 or $6, and an open (a b c.");
  assert.equal(draw("a call\\(\\) without arguments").innerHTML, "<p>a call() without arguments</p>");
});

test("ten thousand nested quotes neither throw nor nest that deep", () => {
  const root = draw(">".repeat(2000) + " deep");
  assert.ok(root.querySelectorAll("blockquote").length <= 60);
});

test("code keeps its text, its language and a button", () => {
  const root = draw("```python\nprint('<b>')\n\n    x\n```");
  assert.equal(root.querySelector("pre code")?.textContent, "print('<b>')\n\n    x");
  assert.equal(root.querySelector(".code-language")?.textContent, "python");
  assert.ok(root.querySelector("button[data-act=copy-code]"));
});
