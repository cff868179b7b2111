import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { transformSync } from "esbuild";

const root = new URL("../../", import.meta.url);
const BUDGET = 150_000;

/** Not sent to browsers: as chatsite/storage.py has it. */
const COMMENTS = /^[ \t]*(?:\/\*\*(?:(?!\*\/).)*\*\/|\/\/[^\n]*)[ \t]*\n/gms;

/** @param {string} file @returns {string} as it is sent */
function sent(file) {
  const text = readFileSync(new URL(file), "utf8");
  return file.includes("/static/js/") ? text.replaceAll(COMMENTS, "") : text;
}

/** What a module needs before it runs; what it imports later is not among it. @param {URL} file @param {Set<string>} [seen] */
function modules(file, seen = new Set()) {
  if (seen.has(file.href)) return seen;
  seen.add(file.href);
  const text = readFileSync(file, "utf8");
  if (!file.href.includes("/vendor/"))
    for (const found of text.matchAll(/^(?:import|export) (?:[^"]*? from )?"(\.[^"]+)";/gm)) modules(new URL(found[1], file), seen);
  return seen;
}

/** The style sheets that a page asks for, without those that are switched off. @param {string} name */
function styles(name) {
  const text = readFileSync(new URL(`templates/${name}`, root), "utf8");
  return [...text.matchAll(/<link rel="stylesheet"[^>]*?\{% static '([^']+)' %\}[^>]*>/g)]
    .filter(([tag]) => !/ disabled>/.test(tag))
    .map(([, path]) => new URL(`static/${path}`, root).href);
}

test("the scripts and styles that a page waits for are below 150 kB, compressed", (t) => {
  const scripts = [...modules(new URL("static/js/chat.js", root))];
  const files = [...scripts, ...styles("base.html"), ...styles("conversations/chat.html")];
  assert.ok(files.some((file) => file.endsWith("vendor/markdown.js")));
  assert.ok(files.some((file) => file.endsWith("css/tokens.css")));
  const size = files.reduce((sum, file) => sum + gzipSync(sent(file), { level: 9 }).length, 0);
  t.diagnostic(`${files.length} files, ${size} bytes`);
  assert.ok(size < BUDGET, `${size} bytes`);
});

test("what is sent without its comments is the same program", () => {
  for (const file of [...modules(new URL("static/js/chat.js", root)), ...modules(new URL("static/js/review.js", root))]) {
    if (!file.includes("/static/js/")) continue;
    const whole = transformSync(readFileSync(new URL(file), "utf8"), { minify: true, legalComments: "none" }).code;
    assert.equal(transformSync(sent(file), { minify: true, legalComments: "none" }).code, whole, file);
  }
});

test("highlighting and mathematics come only when there is something for them", () => {
  for (const file of modules(new URL("static/js/chat.js", root)))
    assert.doesNotMatch(file, /vendor\/(?:languages|formulas)/);
});
