/** Texts that the Markdown tests draw whole, character by character and in random cuts. */

/** @type {Record<string, string>} */
export const CASES = {
  paragraphs: "One line\nand another.\n\nA second  \nwith a break\\\nand one more.",
  headings: "# One\n\n## Two ##\ntext\n### Three\n\nSetext\n======\n\nSetext 2\n---\nend",
  "tight list": "- a\n- b\n  - c\n  - d\n- e\n\nend",
  "loose list": "1. a\n\n   more\n\n2. b\n\n3. c\n\nend",
  "list from five": "5. five\n6. six\n7) other\n8) list",
  "list, then what looks like a break": "- a\n--- x\n- b\n---\nend",
  "paragraph, then what looks like a fence": "foo\n```a`b\nbar\n",
  "paragraph, then what looks like a heading": "foo\n#bar\n# baz\n",
  tasks: "- [ ] todo\n- [x] done\n\n  more\n- plain",
  quote: "> quoted\nlazy\n>\n> - list\n> - in it\n\nout",
  "fenced code": "Before\n```js\nconst a = `x`;\n\n\nb();\n```\nafter\n~~~\nopen\n\n# no heading",
  "indented code": "text\n\n    code\n\n    more\n\ntext",
  "code in a list": "1. Do\n   ```sh\n   make run\n   ```\n2. Then\n\n       indented\n",
  table: "A table:\n\n| a | b | c |\n|:--|:-:|--:|\n| 1 | *2* | `3` |\n| 4 | 5 |\n\nend",
  "table after text": "text\n| a | b |\n| - | - |\n| 1 | 2 |\nend",
  emphasis: "*a **b** c* __d__ ~~e~~ ~f~ a_b_c **open *still",
  "inline code": "`a` ``b ` c`` ` open",
  links:
    '[a](https://a.example "t") <https://b.example> www.c.example https://d.example/x_(y). me@e.example [f](javascript:x)',
  "reference before its definition":
    "See [the sea] and ![pic][p].\n\nMore text here.\n\nAnd more.\n\n[the sea]: https://sea.example\n[p]: https://sea.example/p.png",
  "reference after its definition":
    "[the  Sea]: <https://sea.example>\n\nSee [the sea].\n\nAnd [The Sea][the sea].",
  "definition in a quote": "> [q]: https://q.example\n\nThen [q].\n\nAnd [q] again.",
  footnotes:
    "A claim[^1] and another[^note].\n\nText.\n\n[^1]: First.\n\n[^note]: Second\n    more.\n\nEnd[^1].",
  html: "<div class=x>\n*a*\n\n</div>\n\na <b>c</b> <!-- d\ne --> <br/>\n\n<script>\nalert(1)\n</script>\nend",
  formula: "Before\n\n$$\n\\int_0^1 x_1 * y_1 dx\n$$\n\nand $$a_1*b_1*c$$ for $5 or $6.",
  "formula in brackets":
    "The \\(a_1 * b_1 * c\\) and\n\\[\n\\frac{a}{b} \\{x\\} *y* *z*\n\\]\nand \\(open *this* \\\\) \\[ \\) end\\",
  entities: "&amp; &copy; &#x41; &nosuch; \\* \\# a\\b",
  "right to left": "שלום *עולם*\n\n- אחת\n- two",
  emoji: "👩‍👩‍👧 **👍🏽** é\n\n- 🎉",
  "blank lines and spaces": "\n\n  a\n \n\t\n   b  \n\n\n",
  "carriage returns": "a\r\nb\r\n\r\n- c\r\n- d\r\n\r\nend",
  rules: "a\n\n***\nb\n\n- - -\n\n___\nc",
  "nested lists": "- a\n  1. b\n     - c\n\n       d\n  2. e\n* other\n+ third\n",
  "empty items": "-\n- a\n-\n\n1.\n2. b",
};
