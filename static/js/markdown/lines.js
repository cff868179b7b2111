/** Lines of a text, however they end; a text ends its last one too. */

/** @param {string} text @param {number} from @returns {number} where the line after the one at `from` begins */
export function nextLine(text, from) {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 10) return at + 1;
    if (code === 13) return text.charCodeAt(at + 1) === 10 ? at + 2 : at + 1;
  }
  return text.length;
}

/** @param {string} text @param {number} line counted from 0 @returns {number} where it begins */
export function lineStart(text, line) {
  let at = 0;
  for (let passed = 0; passed < line && at < text.length; passed += 1) at = nextLine(text, at);
  return at;
}

/**
 * Whether the line there has its end; a carriage return may be the first half of one.
 * @param {string} text @param {number} from
 */
export function isWhole(text, from) {
  return nextLine(text, from) < text.length || text.endsWith("\n");
}
