import assert from "node:assert/strict";
import { test } from "node:test";

import { htmlOf } from "../../static/js/markdown/html.js";

test("an answer for the clipboard has its structure, and nothing of the page", () => {
  assert.equal(
    htmlOf("# One\n\n- [x] a\n- b `c`\n\n```js\na < b\n```\n\n| a | b |\n|---|:-:|\n| 1 | 2 |\n\nSee[^1].\n\n[^1]: Note."),
    [
      "<h1>One</h1>",
      "<ul><li>☑ a</li><li>b <code>c</code></li></ul>",
      '<pre><code class="language-js">a &lt; b</code></pre>',
      '<table><thead><tr><th>a</th><th align="center">b</th></tr></thead><tbody><tr><td>1</td><td align="center">2</td></tr></tbody></table>',
      "<p>See<sup>1</sup>.</p>",
      "<div><sup>1</sup><div><p>Note.</p></div></div>",
    ].join("\n"),
  );
});

test("formulas go to the clipboard by their source", () => {
  assert.equal(htmlOf("By \\(a<b\\):\n\n$$\nx\n$$"), "<p>By $a&lt;b$:</p>\n$$x$$");
});

test("raw HTML is text for the clipboard too, and links lead only to http, https and mailto (R101)", () => {
  assert.equal(
    htmlOf('<img src=x onerror="alert(1)">\n\n[a](javascript:alert(1)) [b](https://b.example/?c=1&d=2)'),
    '<p>&lt;img src=x onerror=&quot;alert(1)&quot;&gt;</p>\n<p>a <a href="https://b.example/?c=1&amp;d=2">b</a></p>',
  );
});
