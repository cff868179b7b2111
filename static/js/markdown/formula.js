/**
 * Formulas as models write them, \( … \) and \[ … \], for micromark. CommonMark would take the
 * backslashes for escapes and the rest for emphasis, and garble them.
 *
 * The tokens are those of micromark-extension-math, so that its compiler understands them.
 */

const BACKSLASH = 92;
/** Opening bracket to closing bracket. @type {Record<number, number>} */
const BRACKETS = { 40: 41, 91: 93 };

/** @param {number | null} code */
function isLineEnding(code) {
  return code !== null && code < -2;
}

/**
 * @param {any} effects
 * @param {any} ok
 * @param {any} nok
 * @returns {(code: number | null) => any}
 */
function tokenize(effects, ok, nok) {
  let closing = 0;
  const close = { partial: true, tokenize: tokenizeClose };
  return start;

  /** @param {number | null} code */
  function start(code) {
    effects.enter("mathText");
    effects.enter("mathTextSequence");
    effects.consume(code);
    return open;
  }

  /** @param {number | null} code */
  function open(code) {
    closing = BRACKETS[code ?? 0] ?? 0;
    if (!closing) return nok(code);
    effects.consume(code);
    effects.exit("mathTextSequence");
    return first;
  }

  /** Brackets around nothing are escaped brackets. @param {number | null} code */
  function first(code) {
    return code === BACKSLASH ? effects.check(close, nok, data)(code) : between(code);
  }

  /** @param {number | null} code @returns {any} */
  function between(code) {
    if (code === null) return nok(code);
    if (code === BACKSLASH) return effects.attempt(close, end, data)(code);
    if (!isLineEnding(code)) return data(code);
    effects.enter("lineEnding");
    effects.consume(code);
    effects.exit("lineEnding");
    return between;
  }

  /** @param {number | null} code */
  function data(code) {
    effects.enter("mathTextData");
    effects.consume(code);
    return more;
  }

  /** @param {number | null} code @returns {any} */
  function more(code) {
    if (code === null || isLineEnding(code) || code === BACKSLASH) {
      effects.exit("mathTextData");
      return between(code);
    }
    effects.consume(code);
    return more;
  }

  /** @param {number | null} code */
  function end(code) {
    effects.exit("mathText");
    return ok(code);
  }

  /** @param {any} inner @param {any} yes @param {any} no */
  function tokenizeClose(inner, yes, no) {
    return (/** @type {number | null} */ code) => {
      inner.enter("mathTextSequence");
      inner.consume(code);
      return (/** @type {number | null} */ next) => {
        if (next !== closing) return no(next);
        inner.consume(next);
        inner.exit("mathTextSequence");
        return yes;
      };
    };
  }
}

/** An extension of micromark's syntax. */
export const bracketFormulas = { text: { [BACKSLASH]: { name: "bracketFormula", tokenize } } };
