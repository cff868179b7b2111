/**
 * Markdown text to an mdast tree: CommonMark, GFM, and formulas between double dollars or after
 * \( and \[. Single dollars stay text, since prices are more common than formulas.
 */
import { bracketFormulas } from "./formula.js";
import * as vendor from "../../vendor/markdown.js";

/**
 * @import { Node, Root } from "mdast"
 * @typedef {Pick<Node, "position">} Positioned
 */

const syntax = [
  vendor.gfm({ singleTilde: false }),
  vendor.math({ singleDollarTextMath: false }),
  bracketFormulas,
];
const toTree = [vendor.gfmFromMarkdown(), vendor.mathFromMarkdown()];

/**
 * @param {string} text
 * @returns {Root}
 */
export function parse(text) {
  /** @type {any} */
  const tree = vendor.fromMarkdown(text, { extensions: syntax, mdastExtensions: toTree });
  return tree;
}
