/**
 * Markdown text to tokens: CommonMark with GFM's tables, tasks, strikethrough and autolinks, and
 * footnotes and formulas. Raw HTML is told apart only to be shown as text.
 *
 * @import { Token } from "markdown-it"
 * @typedef {{[label: string]: {href: string, title: string}}} Definitions
 */
import MarkdownIt from "../../vendor/markdown.js";
import { footnotes } from "./notes.js";
import { formulas } from "./tex.js";

/** Deeper than anybody writes by hand: lists and quotes count double. */
const DEEPEST = 60;
/** A paragraph, or cell, longer than this is no prose, and is not searched for emphasis and links. */
const LONGEST = 16_000;

const Parser = /** @type {any} */ (MarkdownIt);
const markdown = new Parser({ html: true, linkify: true, maxNesting: DEEPEST });
// What is a link is decided where links are made (link.js); its text is shown as it was written.
markdown.validateLink = () => true;
markdown.normalizeLinkText = (/** @type {string} */ text) => text;
markdown.linkify.set({ fuzzyLink: false, fuzzyEmail: true, fuzzyIP: false });
markdown.linkify.add("ftp:", null).add("//", null);
markdown.linkify.add("www.", {
  validate: (/** @type {string} */ text, /** @type {number} */ at) => {
    const found = /^[\w-]+(?:\.[\w-]+)+(?:[/?#][^\s<]*)?/.exec(text.slice(at, at + 2_000));
    return found ? found[0].replace(/[.,:;!?"'*_~)\]]+$/, "").length : 0;
  },
  normalize: (/** @type {{url: string}} */ match) => (match.url = `http://${match.url}`),
});
footnotes(markdown);
formulas(markdown);
markdown.core.ruler.disable(["strip_references", "replacements", "smartquotes"]);
markdown.core.ruler.at("inline", inlines);

const tokenize = markdown.block.tokenize;
/** Where it gives up descending, it would leave out the rest. @param {any} state @param {number} from @param {number} to */
markdown.block.tokenize = function (state, from, to) {
  if (state.level < DEEPEST - 4) return tokenize.call(this, state, from, to);
  const token = state.push("html_block", "", 0);
  token.map = [from, to];
  token.content = state.getLines(from, to, 0, false);
  state.line = to;
};

/** @param {any} state of the parser */
function inlines(state) {
  for (const [at, token] of state.tokens.entries()) {
    if (token.type !== "inline") continue;
    mark(state.tokens, at);
    if (token.content.length <= LONGEST) markdown.inline.parse(token.content, markdown, state.env, token.children);
    else token.children.push(Object.assign(new state.Token("text", "", 0), { content: token.content }));
  }
}

/** "[ ] " at the beginning of an item makes it a task. @param {any[]} tokens @param {number} at */
function mark(tokens, at) {
  if (tokens[at - 2]?.type !== "list_item_open" || tokens[at - 1].type !== "paragraph_open") return;
  const box = /^\[([ xX])\](?=\s)/.exec(tokens[at].content);
  if (!box) return;
  tokens[at - 2].meta = { checked: box[1] !== " " };
  tokens[at].content = tokens[at].content.slice(4);
}

/**
 * @param {string} text
 * @param {Definitions} definitions those known before; what the text defines is added
 * @returns {Token[]}
 */
export function parse(text, definitions) {
  return markdown.parse(text, { references: definitions });
}

/**
 * The definitions alone.
 * @param {string} text
 * @param {Definitions} definitions what the text defines is added
 */
export function define(text, definitions) {
  markdown.block.parse(text.replace(/\r\n?/g, "\n"), markdown, { references: definitions }, []);
}
