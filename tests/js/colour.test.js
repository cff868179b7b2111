import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { coloured, pieces } from "../../static/js/markdown/colour.js";
import { page } from "./dom.js";

const { document } = page();

/** @param {string} text @param {string} language */
async function found(text, language) {
  const all = [];
  for await (const more of pieces(text, language)) all.push(...more);
  return all.map(({ from, to, kind }) => `${text.slice(from, to)}: ${kind}`);
}

for (const [language, text, expected] of [
  ["python", "def f(x):\n    return 'a'  # b", ["def: keyword", "'a': string", "# b: comment"]],
  ["ts", "interface A { b: string }", ["interface: keyword", "A: type", "b: property"]],
  ["jsx", '<p className="a">{b}</p>', ["p: type", "className: property", '"a": string']],
  ["bash", 'for f in *; do echo "$f"; done # b', ["for: keyword", "echo: function", "# b: comment"]],
  ["sql", "SELECT a FROM b WHERE c = 'd'", ["SELECT: keyword", "'d': string"]],
  ["json", '{"a": [1, true]}', ['"a": property', "1: constant", "true: constant"]],
  ["html", "<p>a</p><script>let a = 1</script>", ["p: type", "let: keyword"]],
  ["rust", "fn main() { let x: u8 = 1; }", ["fn: keyword", "main: function", "u8: type"]],
  ["c#", 'class A { string b = "c"; }', ["class: keyword", '"c": string']],
  ["diff", "-a\n+b", ["-a: deleted", "+b: inserted"]],
  ["php", "function a($b) { return 'x'; }", ["function: keyword", "'x': string"]],
  ["yaml", "a: 1 # b", ["a: property", "# b: comment"]],
]) {
  test(`code in ${language} has its colours`, async () => {
    const all = await found(String(text), String(language));
    for (const each of expected ?? []) assert.ok(all.includes(each), `${each}, among ${all.join(", ")}`);
  });
}

test("colours change no character of code, in whatever language it is said to be", async () => {
  const text = "a <b> & 'c\n\t\"d # // /* {{{ ((( \u2028 👍🏽 `\n\n  end\r é";
  for (const language of ["python", "cpp", "html", "shell", "ruby", "sql", "php", "xml", "toml", "swift", "tsx"]) {
    const all = [];
    for await (const more of pieces(text, language)) all.push(...more);
    const code = document.createElement("code");
    code.append(coloured(document, text, all));
    assert.equal(code.textContent, text, language);
  }
});

test("an unknown language, and code longer than anybody reads, stay as they are", async () => {
  assert.deepEqual(await found("let a = 1", "klingon"), []);
  assert.deepEqual(await found("let a = 1", "constructor"), []);
  assert.deepEqual(await found("let a = 1\n".repeat(10_000), "js"), []);
});

test("hostile code is coloured in slices, none of which takes long", async () => {
  for (const [language, text] of [
    ["cpp", "(".repeat(20_000)],
    ["js", "`${".repeat(10_000)],
    ["html", "<a ".repeat(10_000)],
    ["python", "f'{".repeat(10_000)],
    ["shell", "$(".repeat(10_000)],
    ["ruby", '"#{'.repeat(10_000)],
  ]) {
    let slices = 0;
    for await (const _ of pieces(text, language)) slices += 1;
    assert.ok(slices > 0, language);
  }
});

/** @param {string} hex */
function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

test("colours of code stand out from what is behind them, in light and dark (WCAG AA)", () => {
  const text = readFileSync(new URL("../../static/css/tokens.css", import.meta.url), "utf8");
  const [light, dark] = text.split("prefers-color-scheme: dark");
  for (const part of [light, dark]) {
    const values = new Map([...part.matchAll(/--raw-([a-z0-9-]+): (#[0-9a-f]{6})/g)].map((found) => [found[1], found[2]]));
    const behind = luminance(/** @type {string} */ (values.get("paper-2")));
    const colours = [...values].filter(([name]) => name.startsWith("code-"));
    assert.equal(colours.length, 7);
    for (const [name, value] of colours) {
      const own = luminance(value);
      const contrast = (Math.max(own, behind) + 0.05) / (Math.min(own, behind) + 0.05);
      assert.ok(contrast >= 4.5, `${name}: ${contrast.toFixed(2)}`);
    }
  }
});
