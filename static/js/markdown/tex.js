/**
 * Where formulas are, in the four ways that models mark them: \( … \) and $ … $ in a line, \[ … \]
 * and $$ … $$ on display. CommonMark would take the backslashes for escapes and the rest for
 * emphasis, and garble them. A dollar is more often a price: see `single`.
 */

const DOLLAR = 36;
const BACKSLASH = 92;
/** No formula is longer; looking further for its end would make a heap of signs expensive. */
const LONGEST = 2_000;

/** Opening mark to closing mark. @type {Record<string, string>} */
const MARKS = { "\\(": "\\)", "\\[": "\\]", $$: "$$" };

/** @param {{block: any, inline: any}} markdown the parser */
export function formulas(markdown) {
  markdown.inline.ruler.before("escape", "formula", inline);
  markdown.block.ruler.before("fence", "formula", block, {
    alt: ["paragraph", "reference", "blockquote", "list"],
  });
}

/** @param {any} state @param {boolean} silent */
function inline(state, silent) {
  const code = state.src.charCodeAt(state.pos);
  if (code !== DOLLAR && code !== BACKSLASH) return false;
  const found = between(state.src, state.pos, state.posMax) ?? single(state.src, state.pos, state.posMax);
  if (!found) return false;
  if (!silent) {
    const token = state.push("formula", "", 0);
    token.content = found.text;
    token.markup = found.mark;
  }
  state.pos = found.end;
  return true;
}

/** @param {string} text @param {number} from @param {number} to */
function between(text, from, to) {
  const mark = text.slice(from, from + 2);
  const closing = MARKS[mark];
  if (!closing) return null;
  const within = text.slice(from + 2, Math.min(to, from + 2 + LONGEST));
  for (let at = within.indexOf(closing); at >= 0; at = within.indexOf(closing, at + 1)) {
    // "\\)" ends a line of a matrix and closes no bracket; brackets around nothing are escaped brackets.
    if (isEscaped(within, at)) continue;
    const inner = within.slice(0, at).trim();
    return inner ? { text: inner, mark, end: from + 4 + at } : null;
  }
  return null;
}

/**
 * As Pandoc has it: the signs touch what they enclose, and no digit follows. A number and then words
 * between them is money ("from $5 per month to 7$").
 * @param {string} text @param {number} from @param {number} to
 */
function single(text, from, to) {
  if (text.charCodeAt(from) !== DOLLAR || text.charCodeAt(from + 1) === DOLLAR) return null;
  if (/[\w$]/.test(text[from - 1] ?? " ") || /\s/.test(text[from + 1] ?? " ")) return null;
  const within = text.slice(from + 1, Math.min(to, from + 1 + LONGEST));
  for (let at = within.indexOf("$"); at >= 0; at = within.indexOf("$", at + 1)) {
    if (isEscaped(within, at)) continue;
    // The next one decides: where it cannot close, the first was no opening either.
    if (/\s/.test(within[at - 1]) || /[\w$]/.test(within[at + 1] ?? " ")) return null;
    const inner = within.slice(0, at);
    if (/^[\d.,]+\s+[A-Za-z]{2,}/.test(inner) || /\n\s*\n/.test(inner)) return null;
    return { text: inner, mark: "$", end: from + 2 + at };
  }
  return null;
}

/** @param {string} text @param {number} at */
function isEscaped(text, at) {
  let before = at;
  while (before > 0 && text.charCodeAt(before - 1) === BACKSLASH) before -= 1;
  return (at - before) % 2 === 1;
}

/**
 * A formula that has lines of its own. Its lines may look like rules and lists, so it is a block;
 * one that is not closed before the next empty line is none.
 * @param {any} state @param {number} startLine @param {number} endLine @param {boolean} silent
 */
function block(state, startLine, endLine, silent) {
  const start = state.bMarks[startLine] + state.tShift[startLine];
  if (state.sCount[startLine] - state.blkIndent >= 4) return false;
  const mark = state.src.slice(start, start + 2);
  const closing = mark === "$$" || mark === "\\[" ? MARKS[mark] : "";
  if (!closing) return false;
  let size = 0;
  for (let line = startLine; line < endLine && size < LONGEST; line += 1) {
    if (line > startLine && (state.isEmpty(line) || state.sCount[line] < state.blkIndent)) return false;
    const from = line === startLine ? start + 2 : state.bMarks[line] + state.tShift[line];
    const text = state.src.slice(from, state.eMarks[line]);
    const at = text.indexOf(closing);
    size += text.length;
    if (at < 0) continue;
    // With words behind it, or around nothing, it is part of a paragraph.
    if (text.slice(at + 2).trim()) return false;
    return finish(state, startLine, line, start + 2, from + at, mark, silent);
  }
  return false;
}

/**
 * @param {any} state @param {number} startLine @param {number} line of the end
 * @param {number} from @param {number} to @param {string} mark @param {boolean} silent
 */
function finish(state, startLine, line, from, to, mark, silent) {
  const first = state.src.slice(from, Math.min(to, state.eMarks[startLine]));
  const rest = line > startLine ? state.getLines(startLine + 1, line, state.blkIndent, true) : "";
  const last = line > startLine ? state.src.slice(state.bMarks[line] + state.tShift[line], to) : "";
  const text = [first, rest, last].join("\n").trim();
  if (!text) return false;
  if (silent) return true;
  const token = state.push("formula_block", "", 0);
  token.content = text.replace(/\n\n+/g, "\n");
  token.markup = mark;
  token.map = [startLine, line + 1];
  state.line = line + 1;
  return true;
}
