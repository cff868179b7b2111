/** Search over one's own messages and titles: a dialog with results as one types. */
import { gettext, moment, ngettext } from "./i18n.js";
import { leaveFound } from "./found.js";
import { read } from "./site.js";

const TYPING = 150; // milliseconds without a key until the question goes out

/**
 * @typedef {{text: string, hit: boolean}} Segment
 * @typedef {{message: string, role: string, created_at: string, excerpt: Segment[]}} Hit
 * @typedef {{id: string, title: string, archived: boolean, updated_at: string, found: {title: Segment[], hits: Hit[]}}} Result
 */

export class Finder {
  #dialog;
  #address;
  #root;
  #field;
  #list;
  #status;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** Which question is the newest: answers to earlier ones come too late. */
  #asked = 0;
  #shown = "";
  /** @type {string | null} cursor of the next page */
  #next = null;
  #reading = false;
  /** @type {AbortController | null} */
  #listening = null;

  /**
   * @param {HTMLDialogElement} dialog
   * @param {string} address of the list of conversations in the HTTP API
   * @param {string} root of the site's pages
   */
  constructor(dialog, address, root) {
    this.#dialog = dialog;
    this.#address = address;
    this.#root = root;
    this.#field = /** @type {HTMLInputElement} */ (dialog.querySelector("input"));
    this.#list = /** @type {HTMLElement} */ (dialog.querySelector('[role="listbox"]'));
    this.#status = /** @type {HTMLElement} */ (dialog.querySelector('[data-part="status"]'));
  }

  start() {
    if (this.#listening) return;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.#field.addEventListener("input", () => this.#typed(), { signal });
    this.#dialog.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#dialog.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.#dialog.addEventListener("submit", (event) => event.preventDefault(), { signal });
    this.#list.addEventListener("scroll", () => void this.#scrolled(), { signal, passive: true });
  }

  stop() {
    clearTimeout(this.#timer);
    this.#listening?.abort();
    this.#listening = null;
  }

  open() {
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#field.select();
    if (!this.#shown) this.#say(gettext("Search in everything you wrote and got."));
  }

  #typed() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask(), TYPING);
  }

  async #ask() {
    const words = this.#field.value.trim();
    if (words === this.#shown) return;
    const asked = ++this.#asked;
    this.#shown = words;
    if (!words) return this.#clear(gettext("Search in everything you wrote and got."));
    this.#dialog.classList.add("is-searching");
    const page = await this.#page(words);
    if (asked !== this.#asked) return;
    this.#dialog.classList.remove("is-searching");
    if (!page) {
      // Asked again by the next key, or by Enter.
      this.#shown = "";
      return this.#clear(gettext("The search did not answer. Press Enter to try again."));
    }
    this.#list.replaceChildren();
    this.#list.scrollTop = 0;
    this.#next = page.next;
    this.#add(page.items);
    this.#choose(this.#options[0]);
    this.#say(this.#outcome(words, page.items.length));
  }

  /** @param {string} words @param {string | null} [cursor] @returns {Promise<{items: Result[], next: string | null} | null>} */
  #page(words, cursor = null) {
    const asked = new URLSearchParams({ q: words, limit: "20", ...(cursor ? { cursor } : {}) });
    return read(`${this.#address}?${asked}`);
  }

  /** @param {string} words @param {number} count */
  #outcome(words, count) {
    if (!count) return gettext("Nothing found for “%(words)s”.", { words });
    if (this.#next) return gettext("The newest conversations that fit; scroll for more.");
    return ngettext("%(count)s conversation", "%(count)s conversations", count);
  }

  async #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    if (!this.#next || this.#reading || scrollHeight - scrollTop - clientHeight > clientHeight) return;
    this.#reading = true;
    const [asked, words] = [this.#asked, this.#shown];
    const page = await this.#page(words, this.#next);
    this.#reading = false;
    if (!page || asked !== this.#asked) return;
    this.#next = page.next;
    this.#add(page.items);
  }

  /** @param {string} words */
  #clear(words) {
    this.#dialog.classList.remove("is-searching");
    this.#list.replaceChildren();
    this.#next = null;
    this.#choose(undefined);
    this.#say(words);
  }

  /** @param {string} words */
  #say(words) {
    this.#status.textContent = words;
  }

  // --- what was found -----------------------------------------------------------------------------

  /** @param {Result[]} results */
  #add(results) {
    for (const result of results) {
      const { hits } = result.found;
      if (!hits.length) this.#list.append(this.#option(result, null, true));
      hits.forEach((hit, at) => this.#list.append(this.#option(result, hit, at === 0)));
    }
  }

  /** @param {Result} result @param {Hit | null} hit @param {boolean} first of its conversation */
  #option(result, hit, first) {
    const row = document.createElement("li");
    row.id = `found-${hit?.message ?? result.id}`;
    row.className = first ? "found is-first" : "found";
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", "false");
    const link = document.createElement("a");
    link.className = "found-link";
    link.tabIndex = -1;
    link.href = `${this.#root}c/${result.id}/${hit ? `?at=${hit.message}` : ""}`;
    if (first) link.append(this.#head(result));
    if (hit) link.append(marked("found-excerpt", hit.excerpt));
    link.addEventListener("click", () => leaveFound(hit?.excerpt ?? []));
    row.append(link);
    return row;
  }

  /** @param {Result} result */
  #head(result) {
    const head = document.createElement("span");
    head.className = "found-head";
    const when = document.createElement("time");
    when.className = "found-when";
    when.dateTime = result.updated_at;
    const day = moment(result.updated_at, { dateStyle: "medium" });
    when.textContent = result.archived ? gettext("Archived · %(day)s", { day }) : day;
    head.append(marked("found-title", result.found.title), when);
    return head;
  }

  // --- by keyboard --------------------------------------------------------------------------------

  get #options() {
    return /** @type {HTMLElement[]} */ ([...this.#list.querySelectorAll('[role="option"]')]);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      // A search field would be emptied by the first one.
      event.preventDefault();
      return this.#dialog.close();
    }
    if (event.key === "Enter") {
      event.preventDefault();
      return this.#enter();
    }
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const options = this.#options;
    const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
    this.#choose(options[Math.min(Math.max(at + step, 0), options.length - 1)]);
  }

  /** What was typed is asked for at once, or what is chosen is opened. */
  #enter() {
    clearTimeout(this.#timer);
    if (this.#field.value.trim() !== this.#shown) return void this.#ask();
    /** @type {HTMLElement | null} */ (this.#list.querySelector('[aria-selected="true"] a'))?.click();
  }

  /** @param {HTMLElement | undefined} option */
  #choose(option) {
    for (const each of this.#options) each.setAttribute("aria-selected", String(each === option));
    this.#field.setAttribute("aria-expanded", String(option !== undefined));
    if (option) this.#field.setAttribute("aria-activedescendant", option.id);
    else this.#field.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  }

  /** @param {Event} event a click beside the dialog, or on its button, closes it */
  #clicked(event) {
    const target = /** @type {Element} */ (event.target);
    if (target === this.#dialog || target.closest('[data-act="close-search"]')) this.#dialog.close();
  }
}

/** @param {string} name @param {Segment[]} segments */
function marked(name, segments) {
  const words = document.createElement("span");
  words.className = name;
  words.dir = "auto";
  for (const { text, hit } of segments) {
    if (!hit) words.append(text);
    else {
      const mark = document.createElement("mark");
      mark.textContent = text;
      words.append(mark);
    }
  }
  return words;
}
