import assert from "node:assert/strict";
import { test } from "node:test";

import { browser } from "./dom.js";

const { document } = browser(`<div id="thread"></div>`);
const { mark, news } = await import("../../static/js/news.js");

const thread = /** @type {HTMLElement} */ (document.getElementById("thread"));

/** @param {string[]} paragraphs */
function message(...paragraphs) {
  const article = document.createElement("article");
  const text = document.createElement("div");
  text.dataset.part = "text";
  article.append(text);
  thread.append(article);
  for (const paragraph of paragraphs) add(text, paragraph);
  return text;
}

/** @param {Element} text @param {string} words */
function add(text, words) {
  const paragraph = document.createElement("p");
  paragraph.textContent = words;
  text.append(paragraph);
}

test("what came below is counted in paragraphs, over all messages", () => {
  thread.replaceChildren();
  message("Why?");
  const answer = message("Because", "of the moon");
  const since = mark(thread);
  assert.equal(news(thread, since), "");
  /** @type {Element} */ (answer.lastElementChild).append(", mostly.");
  assert.equal(news(thread, since), "New text");
  add(answer, "And");
  assert.equal(news(thread, since), "1 new paragraph");
  message("And then?");
  message("Then", "the sun");
  assert.equal(news(thread, since), "4 new paragraphs");
});

test("a branch that gave way to another has no news, and neither has an empty page", () => {
  thread.replaceChildren();
  const nothing = mark(thread);
  assert.equal(news(thread, nothing), "");
  message("Why?");
  const since = mark(thread);
  thread.replaceChildren();
  message("How?", "And when?");
  assert.equal(news(thread, since), "");
});
