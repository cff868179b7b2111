import assert from "node:assert/strict";
import { after, test } from "node:test";

import { browser, template } from "./dom.js";
import { uuid } from "./simulated.js";

const { document } = browser(
  `<div id="thread"><h2 class="greeting"></h2></div><template id="message">${template("conversations/_message.html")}</template>`,
);
const { Thread } = await import("../../static/js/thread.js");
const { Announcer } = await import("../../static/js/announcer.js");

const root = /** @type {HTMLElement} */ (document.getElementById("thread"));
const blank = /** @type {HTMLTemplateElement} */ (document.getElementById("message"));

/** @typedef {import("../../static/js/message.js").Shown} Shown */

/** @param {Partial<Shown>} [fields] @returns {Shown} */
function question(fields = {}) {
  return {
    uuid: uuid(1),
    parent: null,
    role: "user",
    text: "How do *tides* work?",
    reasoning: "",
    status: "complete",
    created_at: null,
    generation: null,
    ...fields,
  };
}

/** @param {Partial<Shown>} [fields] @param {object} [ending] @returns {Shown} */
function answer(fields = {}, ending = {}) {
  return {
    uuid: uuid(2),
    parent: uuid(1),
    role: "assistant",
    text: "",
    reasoning: "",
    status: "streaming",
    created_at: null,
    generation: { id: uuid(3), model: "demo", attempt: 1, seq: 4, ...ending },
    ...fields,
  };
}

/** Draws a thread and gives the last message. @param {Shown[]} messages @returns {HTMLElement} */
function draw(...messages) {
  while (root.children.length > 1) root.lastElementChild?.remove();
  new Thread(root, blank, (id) => `The ${id} model`).draw(messages);
  return /** @type {HTMLElement} */ (root.lastElementChild);
}

/** @param {Element} message @param {string} name */
function part(message, name) {
  return /** @type {HTMLElement} */ (message.querySelector(`[data-part="${name}"]`));
}

// What is live in a page is told every second.
after(() => root.replaceChildren());

test("a question is shown as it was typed", () => {
  const message = draw(question());
  assert.equal(part(message, "text").textContent, "How do *tides* work?");
  assert.equal(part(message, "text").childElementCount, 0);
  assert.ok(message.classList.contains("message-user"));
});

test("an answer is drawn as Markdown", () => {
  assert.ok(part(draw(question(), answer({ text: "By the *moon*." })), "text").querySelector("p > em"));
});

test("waiting is told in words, and words in flow are not interrupted", () => {
  assert.equal(part(draw(answer({ status: "pending" })), "wait-text").textContent, "Waiting for the model…");
  assert.equal(part(draw(answer({ text: "The moon" })), "wait-text").textContent, "");
  const slow = draw(answer({ text: "The moon", notice: { code: "slow", detail: "The model is slow." } }));
  assert.equal(part(slow, "wait-text").textContent, "The model is slow.");
  assert.equal(part(draw(answer({ stopping: true })), "wait-text").textContent, "Stopping…");
  assert.equal(part(draw(answer({ status: "complete" })), "wait").hidden, true);
});

test("each ending is told in words", () => {
  const words = (/** @type {Shown} */ message) => part(draw(message), "outcome-text").textContent;
  assert.equal(words(answer({ status: "stopped", text: "So far" })), "You stopped this answer.");
  assert.equal(words(answer({ status: "interrupted", text: "So far" })), "This answer was cut off.");
  const error = { code: "throttled", detail: "Overloaded.", retryable: true, reference: "9f2c" };
  assert.equal(words(answer({ status: "failed" }, { error })), "Overloaded.");
  assert.equal(words(answer({ status: "complete", text: "So far" }, { note: "It is full." })), "It is full.");
  assert.equal(part(draw(answer({ status: "complete", text: "All" })), "outcome").hidden, true);
});

test("only the actions that fit are offered", () => {
  const failed = draw(answer({ status: "failed" }, { actions: ["continue", "retry", "new_conversation"] }));
  assert.equal(part(failed, "retry").hidden, false);
  assert.equal(part(failed, "new-conversation").hidden, false);
  assert.equal(part(failed, "continue").hidden, false);
  assert.equal(part(failed, "regenerate").hidden, true);
  assert.equal(part(failed, "models").hidden, false);
  const complete = draw(answer({ status: "complete", text: "All" }, { actions: ["regenerate"] }));
  assert.equal(part(complete, "retry").hidden, true);
  assert.equal(part(complete, "continue").hidden, true);
  assert.equal(part(complete, "regenerate").hidden, false);
  assert.equal(part(complete, "copy").hidden, false);
});

test("reasoning is there only where there is some, and grows in place", () => {
  const thread = new Thread(root, blank, (id) => id);
  thread.draw([answer()]);
  const message = /** @type {HTMLElement} */ (root.lastElementChild);
  assert.equal(part(message, "reasoning").hidden, true);
  thread.draw([answer({ reasoning: "They ask" })]);
  const text = part(message, "reasoning-text").firstChild;
  thread.draw([answer({ reasoning: "They ask about tides" })]);
  assert.equal(part(message, "reasoning-text").firstChild, text);
  assert.equal(text?.textContent, "They ask about tides");
});

test("other versions are counted and linked", () => {
  const message = draw(
    answer({ status: "complete", siblings: { index: 2, count: 3, previous: uuid(8), next: uuid(9) } }),
  );
  assert.equal(part(message, "position").textContent, "2 / 3");
  assert.equal(part(message, "previous").getAttribute("href"), `?at=${uuid(8)}`);
});

test("the model is named by its name", () => {
  assert.equal(part(draw(answer({ status: "complete" })), "model").textContent, "The demo model");
});

test("what did not change is not touched", () => {
  const thread = new Thread(root, blank, (id) => id);
  thread.draw([question(), answer({ text: "One" })]);
  const [, first, second] = root.children;
  thread.draw([question(), answer({ text: "One two" })]);
  assert.equal(root.children[1], first);
  assert.equal(root.children[2], second);
});

test("messages of another branch leave, and the order holds", () => {
  const thread = new Thread(root, blank, (id) => id);
  thread.draw([question(), answer({ text: "One" })]);
  thread.draw([question({ uuid: uuid(0) }), question(), answer({ uuid: uuid(5), text: "Other" })]);
  assert.deepEqual(
    [...root.querySelectorAll("[data-message]")].map((each) => each.getAttribute("data-message")),
    [uuid(0), uuid(1), uuid(5)],
  );
});

test("hostile text is text everywhere (R27)", () => {
  const evil = "<img src=x onerror=alert(1)><script>alert(1)</script>\"'";
  const error = { code: "internal", detail: evil, retryable: false, reference: evil };
  const message = draw(
    question({ text: evil }),
    answer(
      {
        text: evil,
        reasoning: evil,
        status: "failed",
        left_out: evil,
        notice: { code: "slow", detail: evil },
      },
      { error, model: evil },
    ),
  );
  assert.equal(root.querySelector("img, script:not(template script)"), null);
  assert.equal(part(message, "outcome-text").textContent, evil);
});

test("start and end of an answer are announced once", () => {
  const region = document.createElement("p");
  const announcer = new Announcer(region);
  /** @type {string[]} */
  const said = [];
  announcer.say = (words) => void said.push(words);
  const live = /** @type {any} */ (answer({ text: "One" }));
  announcer.hear(live);
  announcer.hear({ ...live, text: "One two" });
  announcer.hear({ ...live, status: "complete" });
  announcer.hear({ ...live, status: "complete" });
  assert.deepEqual(said, ["The answer is being written.", "The answer is complete."]);
});

test("what it waits for is said once, that it goes on now and then, and the same words are heard again", () => {
  const region = document.createElement("p");
  let now = 0;
  const announcer = new Announcer(region, () => now);
  /** @param {number} at @param {Partial<Shown>} fields */
  const heard = (at, fields) => {
    now = at;
    region.textContent = "";
    announcer.hear(/** @type {any} */ (answer(fields)));
    return region.textContent;
  };
  const notice = { code: "slow", detail: "The model is slow." };
  assert.equal(heard(0, { text: "" }), "The answer is being written.");
  assert.equal(heard(10_000, { notice }), "The model is slow.");
  assert.equal(heard(50_000, { notice }), "");
  assert.equal(heard(60_000, { text: "One" }), "The answer is still being written.");
  assert.equal(heard(70_000, { text: "One two" }), "");
  assert.equal(heard(99_000, { text: "One two three", notice }), "The model is slow.");
  announcer.say("Copied.");
  const before = region.textContent;
  announcer.say("Copied.");
  assert.notEqual(region.textContent, before);
  assert.equal(region.textContent?.trim(), "Copied.");
});

test("what an answer took is told below it, and an estimate as one", () => {
  const usage = { input_tokens: 1200, output_tokens: 34, cache_read_tokens: 0, cache_write_tokens: 0, cost: null };
  const timings = { first_token_ms: 420, total_ms: 1420 };
  const told = (/** @type {object} */ more, /** @type {object} */ times = timings) =>
    part(
      draw(question(), answer({ status: "stopped" }, { usage: { ...usage, ...more }, timings: times })),
      "figures",
    );
  assert.equal(told({}).textContent, "1,234 tokens · first words after 0.4 s · 34 tokens/s");
  assert.equal(told({}).title, "1,200 tokens read · 34 written · the price is not known · 1.4 s in all");
  assert.equal(
    told({ cost: 0.000345, estimated: true }).textContent,
    "about 1,234 tokens · about $0.00035 · first words after 0.4 s · about 34 tokens/s",
  );
  const cached = told({ cost: 1.234, cache_read_tokens: 1000, cache_write_tokens: 5 });
  assert.match(cached.textContent ?? "", /^2,239 tokens · \$1\.23 · /);
  assert.match(cached.title, /1,000 from the cache · 5 into the cache/);
  assert.equal(told({ cost: 0 }, {}).textContent, "1,234 tokens · $0");
  // What came all at once has no speed.
  assert.equal(told({}, { first_token_ms: 900, total_ms: 930 }).textContent, "1,234 tokens · first words after 0.9 s");
});

test("an answer that nobody counted, or that is being written, has no figures", () => {
  const none = draw(question(), answer({ status: "failed" }, { usage: null, timings: {} }));
  assert.equal(part(none, "figures").hidden, true);
  const usage = { input_tokens: 1, output_tokens: 1, cache_read_tokens: 0, cache_write_tokens: 0, cost: null };
  const live = draw(question(), answer({ status: "streaming" }, { usage, timings: {} }));
  assert.equal(part(live, "figures").hidden, true);
  assert.equal(part(draw(question()), "figures").hidden, true);
});

test("sources are numbered notes, and lead where a link may lead", () => {
  const source = { number: 1, title: "", place: "page 3", url: null, source: "Twenty days." };
  const citations = [
    { ...source, title: "Handbook" },
    { ...source, number: 2, url: "https://example.com/a", source: "" },
    { ...source, number: 3, url: "javascript:alert(1)" },
  ];
  const message = draw(answer({ text: "x" }, { parts: { citations, tools: [], redacted: false } }));
  const list = part(message, "sources");
  assert.equal(list.hidden, false);
  assert.deepEqual(
    [...list.querySelectorAll('[data-part="source-title"]')].map((each) => [
      each.textContent,
      each.getAttribute("href"),
    ]),
    [
      ["Handbook", null],
      ["example.com", "https://example.com/a"],
      ["Source", null],
    ],
  );
  assert.equal(part(list, "source-text").textContent, "Twenty days.");
  assert.equal(part(message, "tools").hidden, true);
});

test("tools are shown with what they were given and gave, as text", () => {
  const tools = [
    { name: "search", server: true, input: '{"q":"<b>"}', result: "2" },
    { name: "clock", server: false, input: "", result: null },
  ];
  const message = draw(answer({ text: "x" }, { parts: { citations: [], tools, redacted: true } }));
  const names = [...message.querySelectorAll('[data-part="tool-name"]')].map((each) => each.textContent);
  assert.deepEqual(names, ["Used by the service: search", "Not run: clock"]);
  assert.equal(part(message, "tool-input").textContent, '{"q":"<b>"}');
  assert.equal(part(message, "redacted").hidden, false);
  assert.equal(part(draw(answer({ text: "x" })), "redacted").hidden, true);
});

test("how long the model thinks is told while it does, and afterwards", async () => {
  const { ReasoningView } = await import("../../static/js/reasoning.js");
  const fold = part(draw(answer({ reasoning: "Hm" })), "reasoning");
  let now = 1_000;
  const view = new ReasoningView(fold, () => now);
  const words = (/** @type {Partial<Shown>} */ fields, ending = {}) => {
    view.draw(answer({ reasoning: "Hm, tides", ...fields }, ending));
    return part(fold, "reasoning-label").textContent;
  };
  assert.equal(words({}), "Thinking");
  now += 12_400;
  assert.equal(words({}), "Thinking for 12 s");
  now += 60_000;
  assert.equal(words({ text: "The moon" }), "Thought for 12 s");
  assert.equal(words({ status: "complete", text: "x" }, { timings: { reasoning_ms: 75_000 } }), "Thought for 1 min 15 s");
  assert.equal(words({ status: "complete", text: "x" }, { timings: { reasoning_ms: 200 } }), "Thought for a moment");
  assert.equal(words({ status: "complete", text: "x" }), "Reasoning");
});
