/** What of the list is read later: what is older, as one scrolls to it, and what is archived; and its place. */
import { gettext } from "./i18n.js";
import { detail } from "./page.js";
import { part } from "./rows.js";
import { read } from "./site.js";
import { Notes } from "./storage.js";

const PLACE = "list-place";
const PAGES = 10; // that are read at most to find the place again

export class Shelf {
  #list;
  #root;
  #sidebar;
  #address;
  #toast;
  #notes = new Notes();
  #reading = false;

  /**
   * @param {HTMLElement} root @param {import("./sidebar.js").Sidebar} sidebar
   * @param {string} address of the list of conversations in the HTTP API
   * @param {Pick<import("./toast.js").Toast, "show">} toast
   */
  constructor(root, sidebar, address, toast) {
    this.#root = root;
    this.#list = part(root, "list");
    this.#sidebar = sidebar;
    this.#address = address;
    this.#toast = toast;
  }

  start() {
    this.#list.addEventListener("scroll", () => void this.#scrolled(), { passive: true });
    part(this.#root, "archived").addEventListener("toggle", () => void this.#readArchived());
    // As it is scrolled and not when the page is left: signing out has emptied the store by then (R94).
    this.#list.addEventListener("scroll", () => this.#notes.leave(PLACE, String(Math.round(this.#list.scrollTop))), {
      passive: true,
    });
    this.#sidebar.addEventListener("archived", (event) => this.#archived(detail(event)));
    // Days go by while a page is open.
    document.addEventListener("visibilitychange", () => this.#sidebar.arrange());
    void this.#goBack();
  }

  /** @param {{id: string, title: string}} gone */
  #archived({ id, title }) {
    const words = gettext("“%(title)s” was archived.", { title });
    this.#toast.show(words, () => void this.#sidebar.put(id, "unarchive", title));
  }

  async #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    if (scrollHeight - scrollTop - clientHeight < clientHeight) await this.more();
  }

  /** Reads the next page. @returns {Promise<boolean>} whether there was one */
  async more() {
    const cursor = this.#list.dataset.next;
    if (!cursor || this.#reading) return false;
    this.#reading = true;
    const page = await read(`${this.#address}?cursor=${encodeURIComponent(cursor)}`);
    this.#reading = false;
    if (!page) return false; // the link below leads there
    this.#sidebar.add(page.items);
    if (page.next) this.#list.dataset.next = page.next;
    else {
      delete this.#list.dataset.next;
      this.#list.querySelector('[data-part="more"]')?.remove();
    }
    return true;
  }

  /** Where the list was before the page was left. */
  async #goBack() {
    const top = Number(this.#notes.take(PLACE));
    for (let page = 0; page < PAGES; page++) {
      this.#list.scrollTop = top;
      if (this.#list.scrollTop >= top - 1 || !(await this.more())) return;
    }
  }

  async #readArchived() {
    const list = part(this.#root, "archived-list");
    const open = part(this.#root, "archived").hasAttribute("open");
    if (!open || this.#sidebar.hasArchived) return;
    const words = part(this.#root, "archived-words");
    words.textContent = gettext("Reading…");
    const items = await this.#allArchived();
    if (!items) {
      words.textContent = gettext("This could not be read. Close it and open it again.");
      return;
    }
    list.setAttribute("data-read", "");
    this.#sidebar.add(items);
    words.textContent = list.children.length ? "" : gettext("Nothing is archived.");
  }

  /** @returns {Promise<import("./rows.js").Change[] | null>} */
  async #allArchived() {
    const items = [];
    for (let cursor = ""; ; ) {
      const page = await read(`${this.#address}?archived=true&limit=200${cursor}`);
      if (!page) return null;
      items.push(...page.items);
      if (!page.next) return items;
      cursor = `&cursor=${encodeURIComponent(page.next)}`;
    }
  }
}
