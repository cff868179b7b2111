/**
 * Draws once a frame what changed since, and less often where drawing itself takes long. What is too
 * much for one frame goes on in the next.
 */

const CHEAP = 8;

export class Painter {
  #draw;
  #due = false;

  /** @param {() => boolean} draw says whether all is drawn */
  constructor(draw) {
    this.#draw = draw;
  }

  ask() {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(this.#paint);
  }

  #paint = () => {
    this.#due = false;
    const before = performance.now();
    if (!this.#draw()) return this.ask();
    const cost = performance.now() - before;
    if (cost < CHEAP) return;
    // At most a quarter of the time goes into drawing; what comes meanwhile waits for the next turn.
    this.#due = true;
    setTimeout(() => requestAnimationFrame(this.#paint), cost * 3);
  };
}
