/**
 * Colours for code: pieces of it as elements whose classes say what they are (markdown.css). It is
 * done in slices, so that no code is too long for it to hold up the page; what is longer than
 * anybody reads in a chat stays as it is.
 *
 * @typedef {{from: number, to: number, kind: string}} Piece
 */
import { grammarOf } from "./grammars.js";
import { languageOf } from "./languages.js";
import { named } from "./stream.js";

const LONGEST = 60_000;
/** So many characters are coloured at a time. */
const SLICE = 3_000;

/** What the grammars that read by line call it → what it is here. @type {Record<string, string>} */
const KINDS = {
  atom: "constant",
  attribute: "property",
  attributeName: "property",
  bool: "constant",
  builtin: "function",
  className: "type",
  comment: "comment",
  def: "function",
  deleted: "deleted",
  inserted: "inserted",
  keyword: "keyword",
  link: "string",
  meta: "meta",
  modifier: "keyword",
  number: "constant",
  property: "property",
  propertyName: "property",
  qualifier: "type",
  regexp: "string",
  string: "string",
  tag: "type",
  tagName: "type",
  type: "type",
  typeName: "type",
};

/**
 * @param {string} text
 * @param {string} written the language, as it was written behind the fence
 * @returns {AsyncGenerator<Piece[]>} what is found, in order; after each the page may do something else
 */
export async function* pieces(text, written) {
  if (text.length > LONGEST) return;
  const grammar = await grammarOf(languageOf(written), text);
  if (!grammar) return;
  if ("mode" in grammar) yield* byLine(grammar.mode, text);
  else yield* byTree(grammar.parser, text);
}

/** @param {import("./stream.js").Mode} mode @param {string} text */
function* byLine(mode, text) {
  /** @type {Piece[]} */
  let found = [];
  let since = 0;
  let at = 0;
  for (const each of named(mode, text)) {
    if (each) {
      const kind = KINDS[each.name.split(/[ .]/)[0]];
      at = each.to;
      if (kind) found.push({ from: each.from, to: each.to, kind });
    } else if (at - since > SLICE) {
      yield found;
      found = [];
      since = at;
    }
  }
  yield found;
}

/** @param {any} parser @param {string} text */
async function* byTree(parser, text) {
  const { highlightTree, tagHighlighter, tags } = await import("../../vendor/languages/engine.js");
  const kinds = tagHighlighter(rules(tags));
  const parse = parser.startParse(text);
  let tree = null;
  while (!tree) {
    const until = performance.now() + 5;
    do tree = parse.advance();
    while (!tree && performance.now() < until);
    yield [];
  }
  for (let from = 0; from < text.length; from += SLICE) {
    /** @type {Piece[]} */
    const found = [];
    const to = Math.min(text.length, from + SLICE);
    const put = (/** @type {number} */ start, /** @type {number} */ end, /** @type {string} */ kind) =>
      found.push({ from: Math.max(start, from), to: Math.min(end, to), kind });
    highlightTree(tree, kinds, put, from, to);
    yield found;
  }
}

/** @param {any} tags Lezer's words for what code is made of */
function rules(tags) {
  return [
    { tag: [tags.keyword, tags.modifier, tags.self, tags.null], class: "keyword" },
    { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.escape, tags.attributeValue], class: "string" },
    { tag: [tags.number, tags.bool, tags.atom, tags.unit, tags.color], class: "constant" },
    { tag: tags.comment, class: "comment" },
    {
      tag: [
        tags.function(tags.variableName),
        tags.function(tags.propertyName),
        tags.function(tags.definition(tags.variableName)),
        tags.function(tags.definition(tags.propertyName)),
        tags.standard(tags.name),
        tags.macroName,
      ],
      class: "function",
    },
    { tag: [tags.typeName, tags.className, tags.namespace, tags.tagName], class: "type" },
    { tag: [tags.propertyName, tags.attributeName, tags.labelName], class: "property" },
    { tag: [tags.meta, tags.annotation, tags.processingInstruction], class: "meta" },
  ];
}

/**
 * The text with its colours.
 * @param {Document} document
 * @param {string} text
 * @param {Piece[]} found in their order
 */
export function coloured(document, text, found) {
  const fragment = document.createDocumentFragment();
  let at = 0;
  for (const { from, to, kind } of found) {
    if (from < at || to <= from) continue;
    if (from > at) fragment.append(text.slice(at, from));
    const span = document.createElement("span");
    span.className = `code-${kind}`;
    span.textContent = text.slice(from, to);
    fragment.append(span);
    at = to;
  }
  if (at < text.length) fragment.append(text.slice(at));
  return fragment;
}
