/**
 * The examples of tables and task lists in the specification of GitHub Flavored Markdown (0.29,
 * GitHub, after John MacFarlane; CC-BY-SA 4.0, https://github.github.com/gfm/).
 *
 * @type {Record<string, {markdown: string, html: string}[]>}
 */
export const EXAMPLES = {
  tables: [
    {
      markdown: "| foo | bar |\n| --- | --- |\n| baz | bim |\n",
      html: "<table><thead><tr><th>foo</th><th>bar</th></tr></thead><tbody><tr><td>baz</td><td>bim</td></tr></tbody></table>",
    },
    {
      markdown: "| abc | defghi |\n:-: | -----------:\nbar | baz\n",
      html: '<table><thead><tr><th align="center">abc</th><th align="right">defghi</th></tr></thead><tbody><tr><td align="center">bar</td><td align="right">baz</td></tr></tbody></table>',
    },
    {
      markdown: "| f\\|oo  |\n| ------ |\n| b `\\|` az |\n| b **\\|** im |\n",
      html: "<table><thead><tr><th>f|oo</th></tr></thead><tbody><tr><td>b <code>|</code> az</td></tr><tr><td>b <strong>|</strong> im</td></tr></tbody></table>",
    },
    {
      markdown: "| abc | def |\n| --- | --- |\n| bar | baz |\n> bar\n",
      html: "<table><thead><tr><th>abc</th><th>def</th></tr></thead><tbody><tr><td>bar</td><td>baz</td></tr></tbody></table><blockquote><p>bar</p></blockquote>",
    },
    {
      markdown: "| abc | def |\n| --- | --- |\n| bar | baz |\nbar\n\nbar\n",
      html: "<table><thead><tr><th>abc</th><th>def</th></tr></thead><tbody><tr><td>bar</td><td>baz</td></tr><tr><td>bar</td><td></td></tr></tbody></table><p>bar</p>",
    },
    {
      markdown: "| abc | def |\n| --- |\n| bar |\n",
      html: "<p>| abc | def |\n| --- |\n| bar |</p>",
    },
    {
      markdown: "| abc | def |\n| --- | --- |\n| bar |\n| bar | baz | boo |\n",
      html: "<table><thead><tr><th>abc</th><th>def</th></tr></thead><tbody><tr><td>bar</td><td></td></tr><tr><td>bar</td><td>baz</td></tr></tbody></table>",
    },
    {
      markdown: "| abc | def |\n| --- | --- |\n",
      html: "<table><thead><tr><th>abc</th><th>def</th></tr></thead></table>",
    },
  ],
  "task lists": [
    {
      markdown: "- [ ] foo\n- [x] bar\n",
      html: '<ul><li><input disabled="" type="checkbox"> foo</li><li><input checked="" disabled="" type="checkbox"> bar</li></ul>',
    },
    {
      markdown: "- [x] foo\n  - [ ] bar\n  - [x] baz\n- [ ] bim\n",
      html: '<ul><li><input checked="" disabled="" type="checkbox"> foo<ul><li><input disabled="" type="checkbox"> bar</li><li><input checked="" disabled="" type="checkbox"> baz</li></ul></li><li><input disabled="" type="checkbox"> bim</li></ul>',
    },
  ],
};
