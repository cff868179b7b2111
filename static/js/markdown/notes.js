/**
 * Footnotes: `[^name]` where one is meant, and `[^name]: text` where it is written. The libraries
 * for it move all notes to the end of the text, which nobody knows while it is being written; here
 * they stay where they were written.
 */

/** @param {{block: any, inline: any}} markdown the parser */
export function footnotes(markdown) {
  markdown.block.ruler.before("reference", "footnote", definition, { alt: ["paragraph", "reference"] });
  markdown.inline.ruler.before("link", "footnote_reference", reference);
}

/** What a name is known by; no name of a property is among them. @param {string} name */
export function keyOf(name) {
  return `^${name.toLowerCase()}`;
}

const OPENING = /^\[\^([^\s\[\]]{1,200})\]/;

/** @param {any} state @param {number} startLine @param {number} endLine @param {boolean} silent */
function definition(state, startLine, endLine, silent) {
  if (state.sCount[startLine] - state.blkIndent >= 4) return false;
  const start = state.bMarks[startLine] + state.tShift[startLine];
  const found = /^\[\^([^\s\[\]]{1,200})\]:/.exec(state.src.slice(start, Math.min(state.eMarks[startLine], start + 210)));
  if (!found) return false;
  if (silent) return true;
  const name = found[1];
  state.env.references[keyOf(name)] ??= { href: "", title: name };
  const open = state.push("footnote_open", "", 1);
  open.info = name;
  within(state, startLine, start + found[0].length, () => state.md.block.tokenize(state, startLine, endLine));
  state.push("footnote_close", "", -1);
  open.map = [startLine, state.line];
  return true;
}

/**
 * Reads what follows the colon, and what is indented by four below it, as blocks of their own.
 * @param {any} state @param {number} line @param {number} from @param {() => void} read
 */
function within(state, line, from, read) {
  const { parentType, blkIndent } = state;
  const before = [state.bMarks[line], state.tShift[line], state.sCount[line]];
  const text = state.src.slice(from, state.eMarks[line]);
  const space = text.length - text.trimStart().length;
  state.bMarks[line] = from;
  state.tShift[line] = space;
  state.sCount[line] = blkIndent + 4;
  state.blkIndent += 4;
  state.parentType = "footnote";
  if (space < text.length || state.isEmpty(line + 1)) read();
  else {
    // Nothing behind the colon: the note begins on the next line.
    state.line = line + 1;
    read();
  }
  if (state.line <= line) state.line = line + 1;
  state.parentType = parentType;
  state.blkIndent = blkIndent;
  [state.bMarks[line], state.tShift[line], state.sCount[line]] = before;
}

/** @param {any} state @param {boolean} silent */
function reference(state, silent) {
  if (state.src.charCodeAt(state.pos) !== 91 || state.src.charCodeAt(state.pos + 1) !== 94) return false;
  const found = OPENING.exec(state.src.slice(state.pos, Math.min(state.posMax, state.pos + 204)));
  if (!found || !state.env.references[keyOf(found[1])]) return false;
  if (!silent) state.push("footnote_reference", "", 0).content = found[1];
  state.pos += found[0].length;
  return true;
}
