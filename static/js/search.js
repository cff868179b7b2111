/** The way to the search: its dialog is fetched when somebody wants it. */

export class Search {
  #make;
  /** @type {Promise<import("./finder.js").Finder> | null} */
  #finder = null;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {string} address of the list of conversations in the HTTP API
   * @param {string} root of the site's pages
   */
  constructor(dialog, address, root) {
    this.#make = async () => {
      const { Finder } = await import("./finder.js");
      const finder = new Finder(dialog, address, root);
      finder.start();
      return finder;
    };
  }

  start() {
    document.addEventListener("click", (event) => {
      if (/** @type {Element} */ (event.target).closest('[data-act="open-search"]')) void this.open();
    });
  }

  async open() {
    try {
      this.#finder ??= this.#make();
      (await this.#finder).open();
    } catch {
      this.#finder = null; // the line is down: the next press tries again
    }
  }
}
