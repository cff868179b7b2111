import { readFileSync } from "node:fs";

import { JSDOM } from "jsdom";

/** A page for tests. @param {string} [html] */
export function page(html = "<!doctype html><body></body>") {
  return new JSDOM(html, { url: "https://chat.example/", pretendToBeVisual: true }).window;
}

/**
 * A page whose names modules see as a browser's. One a test file: modules keep what they saw.
 * @param {string} html of the body
 */
export function browser(html) {
  const window = page(`<!doctype html><body>${html}</body>`);
  const names = /** @type {const} */ ([
    "document",
    "location",
    "Text",
    "Event",
    "EventTarget",
    "CustomEvent",
    "KeyboardEvent",
    "HTMLElement",
    "FormData",
    "AbortController",
    "AbortSignal",
  ]);
  for (const name of names) Object.assign(globalThis, { [name]: window[name] });
  Object.assign(globalThis, { CSS: { escape: (/** @type {string} */ text) => text, supports: () => true } });
  return window;
}

/**
 * The markup of a template, without what only the server can say: scripts are tested against the
 * same parts that the page has.
 * @param {string} name below templates/
 * @returns {string}
 */
export function template(name) {
  const text = readFileSync(new URL(`../../templates/${name}`, import.meta.url), "utf8");
  return text
    .replace(/\{#.*?#\}/gs, "")
    .replace(/\{% comment %\}.*?\{% endcomment %\}/gs, "")
    .replace(/\{% if row\.[^%]*%\}.*?\{% endif %\}/g, "")
    .replace(/\{% translate (["'])(.*?)\1.*?%\}/g, "$2")
    .replace(/\{% include "(conversations\/_(?:source|tool|effort)\.html)" %\}/g, (_, part) => template(part))
    .replace(/\{% url '[a-z_]+' id %\}/g, "/c/00000000-0000-0000-0000-000000000000/")
    .replace(/(\/c\/[0-9-]+\/)(" data-act="(rename|delete|place)")/g, "$1$3/$2")
    .replace(/\{%.*?%\}|\{\{.*?\}\}/gs, "");
}
