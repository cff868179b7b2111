/**
 * How an answer comes along while it is written, as this page sees it. What the service counts is told at
 * the end only: until then tokens are guessed from the text. It knows no document.
 */
import { duration } from "./figures.js";
import { gettext, ngettext, number } from "./i18n.js";

// Of UTF-8: what tokenizers come to, within a third, for English, German and Chinese alike.
const BYTES_OF_A_TOKEN = 4;
// Sooner, a speed says nothing.
const MEASURED_AFTER = 1_000;

const encoder = new TextEncoder();

/** @typedef {{reasoning: string, text: string}} Written */

export class Pace {
  #now;
  #began;
  /** Whether this page was there before the first of it came. */
  #isWhole;
  /** When something came first, as far as this page saw; 0: not yet. */
  #first = 0;
  /** When something came last; 0: not yet. */
  #last;
  #bytes = 0;
  #bytesBefore = 0;
  /** What it thought has a budget of its own. */
  #bytesOfText = 0;
  /** Characters that are counted already. */
  #counted = { reasoning: 0, text: 0 };

  /**
   * @param {() => number} began when it was asked for, as far as that is known by now
   * @param {Written} written what is there already
   * @param {() => number} [now] milliseconds, on the clock of `began`
   */
  constructor(began, written, now = Date.now) {
    this.#now = now;
    this.#began = began;
    this.#isWhole = !written.reasoning && !written.text;
    this.#last = this.#isWhole ? 0 : now();
    this.#count(written);
  }

  /** @param {Written} written so far */
  see(written) {
    const { reasoning, text } = this.#counted;
    if (written.reasoning.length === reasoning && written.text.length === text) return;
    // It was begun again.
    if (written.reasoning.length < reasoning || written.text.length < text) this.#forget();
    this.#last = this.#now();
    this.#count(written);
    if (this.#first || !this.#bytes) return;
    this.#first = this.#last;
    // What came at once has no speed.
    this.#bytesBefore = this.#bytes;
  }

  /** How long nothing came, in milliseconds. */
  get silence() {
    return Math.max(0, this.#now() - (this.#last || this.#began()));
  }

  /** Nothing before the first of it came. @param {number} most tokens that it may have; 0: not known */
  words(most) {
    if (!this.#bytes) return "";
    const words = [];
    if (this.#first && this.#isWhole) words.push(
        gettext("first words after %(time)s", { time: duration(Math.max(0, this.#first - this.#began())) }),
      );
    const seconds = (this.#last - this.#first) / 1_000;
    if (this.#first && seconds * 1_000 >= MEASURED_AFTER) {
      const speed = Math.round(tokens(this.#bytes - this.#bytesBefore) / seconds);
      words.push(gettext("about %(speed)s tokens/s", { speed: number(speed) }));
    }
    const written = Math.round(tokens(this.#bytesOfText));
    if (written && most)
      words.push(ngettext("about %(written)s of at most %(count)s token", "about %(written)s of at most %(count)s tokens", most, { written: number(written) }));
    else if (written) words.push(ngettext("about %(count)s token", "about %(count)s tokens", written));
    return words.join(" · ");
  }

  /** @param {Written} written */
  #count({ reasoning, text }) {
    const said = encoder.encode(text.slice(this.#counted.text)).byteLength;
    this.#bytesOfText += said;
    this.#bytes += said + encoder.encode(reasoning.slice(this.#counted.reasoning)).byteLength;
    this.#counted = { reasoning: reasoning.length, text: text.length };
  }

  #forget() {
    this.#first = this.#bytes = this.#bytesBefore = this.#bytesOfText = 0;
    this.#counted = { reasoning: 0, text: 0 };
  }
}

/** @param {number} bytes */
function tokens(bytes) {
  return bytes / BYTES_OF_A_TOKEN;
}

/**
 * How many tokens an answer may have at the most; 0: nobody says so.
 * @param {{max_tokens?: number, models: {id: string, most?: number | null}[]}} known
 * @param {string | undefined} id of the model that is picked
 * @param {{max_tokens?: number}} options of the conversation
 */
export function mostTokens({ max_tokens = 0, models }, id, options) {
  const wanted = options.max_tokens ?? max_tokens;
  const able = models.find((model) => model.id === id)?.most ?? 0;
  return able && able < wanted ? able : wanted;
}
