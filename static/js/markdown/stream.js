/**
 * Reads code line by line, for the grammars that were written so (CodeMirror's): what each of them is
 * given to read from is a line of text and a place in it.
 *
 * @typedef {{startState?: (indent: number) => any, token: (line: Line, state: any) => string | null,
 *   blankLine?: (state: any, indent: number) => void}} Mode
 * @typedef {{from: number, to: number, name: string}} Named
 */

const INDENT = 2;
const TAB = 4;

/** Longer lines are no code that anybody reads. */
const LONGEST_LINE = 2_000;

class Line {
  pos = 0;
  start = 0;
  indentUnit = INDENT;

  /** @param {string} string */
  constructor(string) {
    this.string = string;
  }

  eol = () => this.pos >= this.string.length;
  sol = () => this.pos === 0;
  peek = () => this.string[this.pos];
  next = () => (this.eol() ? undefined : this.string[this.pos++]);
  current = () => this.string.slice(this.start, this.pos);
  column = () => columns(this.string, this.start);
  indentation = () => columns(this.string, this.string.search(/\S|$/));
  lookAhead = () => undefined;
  backUp = (/** @type {number} */ count) => void (this.pos -= count);
  skipToEnd = () => void (this.pos = this.string.length);

  /** @param {string | RegExp | ((sign: string) => boolean)} wanted */
  eat(wanted) {
    const sign = this.string[this.pos];
    if (sign === undefined) return undefined;
    const fits =
      typeof wanted === "string" ? sign === wanted : wanted instanceof RegExp ? wanted.test(sign) : wanted(sign);
    if (!fits) return undefined;
    this.pos += 1;
    return sign;
  }

  /** @param {string | RegExp | ((sign: string) => boolean)} wanted */
  eatWhile(wanted) {
    const before = this.pos;
    while (this.eat(wanted));
    return this.pos > before;
  }

  eatSpace() {
    return this.eatWhile(/\s/);
  }

  /** @param {string} sign */
  skipTo(sign) {
    const found = this.string.indexOf(sign, this.pos);
    if (found >= 0) this.pos = found;
    return found >= 0;
  }

  /** @param {string | RegExp} wanted @param {boolean} [consume] @param {boolean} [anyCase] */
  match(wanted, consume = true, anyCase = false) {
    if (typeof wanted === "string") {
      const here = this.string.slice(this.pos, this.pos + wanted.length);
      const fits = anyCase ? here.toLowerCase() === wanted.toLowerCase() : here === wanted;
      if (fits && consume) this.pos += wanted.length;
      return fits || null;
    }
    const found = this.string.slice(this.pos).match(wanted);
    if (!found || (found.index ?? 0) > 0) return null;
    if (consume) this.pos += found[0].length;
    return found;
  }
}

/** @param {string} text @param {number} to */
function columns(text, to) {
  let count = 0;
  for (let at = 0; at < to; at += 1) count += text[at] === "\t" ? TAB - (count % TAB) : 1;
  return count;
}

/** @param {Mode} mode @param {string} text @returns {Generator<Named | null>} null after each line */
export function* named(mode, text) {
  const state = mode.startState?.(INDENT) ?? {};
  let start = 0;
  for (const words of text.split("\n")) {
    if (words === "") mode.blankLine?.(state, INDENT);
    else if (words.length <= LONGEST_LINE) yield* ofLine(mode, state, words, start);
    start += words.length + 1;
    yield null;
  }
}

/** @param {Mode} mode @param {any} state @param {string} words @param {number} start @returns {Generator<Named>} */
function* ofLine(mode, state, words, start) {
  const line = new Line(words);
  while (!line.eol()) {
    line.start = line.pos;
    let name = mode.token(line, state);
    // A grammar may change its state first and take something then.
    for (let tries = 0; line.pos <= line.start && tries < 10; tries += 1) name = mode.token(line, state);
    if (line.pos <= line.start) line.pos += 1;
    if (name) yield { from: start + line.start, to: start + line.pos, name };
  }
}
