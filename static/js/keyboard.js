/**
 * Keeps the composer above a keyboard on the screen. Where the browser makes the page smaller for it
 * (`interactive-widget=resizes-content`) there is nothing to do; Safari lays it over the page instead.
 */

/** Less than this is a bar of the browser, no keyboard. */
const KEYBOARD = 100;

export class Keyboard {
  #root;
  #viewport;

  /**
   * @param {HTMLElement} root of the document
   * @param {VisualViewport | null | undefined} [viewport] what is seen of the page
   */
  constructor(root, viewport = globalThis.visualViewport) {
    this.#root = root;
    this.#viewport = viewport;
  }

  start() {
    for (const name of ["resize", "scroll"]) this.#viewport?.addEventListener(name, this.#fit);
  }

  stop() {
    for (const name of ["resize", "scroll"]) this.#viewport?.removeEventListener(name, this.#fit);
    this.#root.style.removeProperty("--covered");
  }

  #fit = () => {
    const { height = 0, scale = 1 } = this.#viewport ?? {};
    // Whoever zooms in sees less of the page, too, and wants it as it is.
    const hidden = scale > 1.01 ? 0 : Math.round(globalThis.innerHeight - height);
    const covered = hidden >= KEYBOARD ? hidden : 0;
    this.#root.style.setProperty("--covered", `${covered}px`);
    // Safari moves the page up to show the field; the field is in its place already.
    if (covered) globalThis.scrollTo(0, 0);
  };
}
