import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

/**
 * Whatever turns text into markup or code; Trusted Types would refuse it, a reader should not have to hope so.
 */
const SINKS =
  /innerHTML|outerHTML|insertAdjacentHTML|document\.write|createContextualFragment|DOMParser|setHTML|srcdoc|\beval\(|new Function|setAttribute\(["']on|trustedTypes/i;

const root = new URL("../../static/", import.meta.url);
const files = readdirSync(root, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith(".js"));
const ours = files.filter((name) => name.startsWith("js"));

/**
 * The modules that one names, in code and in types: hashed names are written into both.
 * @param {string} file
 */
function named(file) {
  const text = readFileSync(new URL(file, root), "utf8");
  const names = [...text.matchAll(/\bfrom "(\.[^"]+)";|\bimport\(["']([^"']+)["']\)/g)].map(
    (match) => match[1] ?? match[2],
  );
  return names.map((name) => new URL(name, new URL(file, root)).href);
}

for (const file of files) {
  test(`${file} has no sink for HTML or code (R27)`, () => {
    assert.doesNotMatch(readFileSync(new URL(file, root), "utf8"), SINKS);
  });
}

for (const file of ours) {
  test(`${file} names only modules that are there`, () => {
    for (const name of named(file)) assert.ok(existsSync(new URL(name)), name);
  });
}

for (const file of files) {
  test(`${file} loads nothing from elsewhere (R118)`, () => {
    const text = readFileSync(new URL(file, root), "utf8");
    const imports = [...text.matchAll(/(?:^|;)\s*(?:import|export)\b[^;"'`]*?from\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']/gm)];
    for (const [, one, other] of imports) assert.match(one ?? other, /^\.{1,2}\//);
    assert.doesNotMatch(text, /\b(?:fetch|WebSocket|EventSource|Worker|importScripts)\(\s*["'`](?:https?:|wss?:)?\/\//);
  });
}

test("no module needs itself, through whatever others", () => {
  /** @param {string} href @param {string[]} above */
  const visit = (href, above) => {
    assert.ok(!above.includes(href), [...above, href].join(" → "));
    if (!href.includes("/vendor/")) for (const name of named(href)) visit(name, [...above, href]);
  };
  for (const file of ours) visit(new URL(file, root).href, []);
});

test("the libraries are among the files", () => {
  assert.ok(files.some((name) => name.includes("vendor")));
});
