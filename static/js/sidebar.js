/**
 * The list of conversations: renamed in place, pinned, archived and deleted with undo, and kept as it
 * is on the server.
 *
 * Events: "deleted" and "archived" (detail: {id, title}).
 *
 * @typedef {import("./rows.js").Change} Change
 */
import { part, Rows, titleField } from "./rows.js";
import { submit } from "./site.js";

/** What each place means for the list. @type {Record<string, Partial<Change>>} */
const PLACES = {
  pin: { pinned: true },
  unpin: { pinned: false },
  archive: { archived: true },
  unarchive: { archived: false },
};

export class Sidebar extends EventTarget {
  #root;
  #rows;
  /** @type {AbortController | null} */
  #listening = null;
  /** What changed since the list is being read: what the reading says of these may be older. */
  #newer = new Set();

  /** @param {HTMLElement} root @param {HTMLTemplateElement} template of a row */
  constructor(root, template) {
    super();
    this.#root = root;
    this.#rows = new Rows(root, template);
  }

  start() {
    if (this.#listening) return;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    this.#root.addEventListener("click", (event) => this.#clicked(event), { signal });
    this.#root.addEventListener("submit", (event) => this.#submitted(event), { signal });
    this.#root.addEventListener("keydown", (event) => this.#key(event), { signal });
    this.#root.addEventListener("focusout", (event) => this.#left(event), { signal });
    document.addEventListener("click", (event) => this.#closeMenus(event), { signal });
    this.arrange();
  }

  stop() {
    this.#listening?.abort();
    this.#listening = null;
  }

  /** By the days of the reader's clock, which may be others than the server's, and go by. */
  arrange() {
    for (const row of this.#rows.all) if (row.dataset.updated) this.#rows.place(row);
  }

  /** A change that the server told. @param {Change} change */
  apply(change) {
    this.#newer.add(change.id);
    this.#take(change);
  }

  /** @param {Change} change */
  #take(change) {
    const row = this.#rows.find(change.id);
    // Temporary ones are in no list.
    if (change.deleted || change.temporary) return void (row && this.#rows.remove(row));
    // Of what is not listed only that is listed which has a name and a place.
    if (!row && (change.title === undefined || change.updated_at === undefined)) return;
    if (change.archived && !this.hasArchived) return void (row && this.#rows.remove(row));
    const shown = row ?? this.#rows.fresh(change.id);
    this.#rows.show(shown, change);
    if (!row || change.updated_at !== undefined || change.pinned !== undefined || change.archived !== undefined)
      this.#rows.place(shown);
  }

  /** Whether the archived ones are listed too: they are read when they are asked for. */
  get hasArchived() {
    return part(this.#root, "archived-list").hasAttribute("data-read");
  }

  /** What was read of the list, behind what is there. @param {Change[]} items */
  add(items) {
    for (const item of items) if (!this.#rows.find(item.id)) this.#take(item);
  }

  /** The list is about to be read for `reconcile`. */
  startReading() {
    this.#newer.clear();
  }

  /**
   * The newest ones, read again after time without a connection.
   * @param {Change[]} newest
   * @param {boolean} all whether there are no others
   */
  reconcile(newest, all) {
    const told = newest.filter((change) => !this.#newer.has(change.id));
    for (const change of [...told].reverse()) this.#take(change);
    const listed = new Set([...newest.map((each) => each.id), ...this.#newer]);
    const oldest = all ? 0 : Math.min(...newest.map((each) => Date.parse(each.updated_at ?? "")));
    for (const row of this.#rows.all) {
      const known = listed.has(row.dataset.conversation ?? "") || row.classList.contains("is-archived");
      // What is older than all that was read may be there still.
      if (!known && (Date.parse(row.dataset.updated ?? "") || Infinity) > oldest) this.#rows.remove(row);
    }
  }

  /** Marks the conversation that the page shows. @param {string} id */
  mark(id) {
    this.#newer.add(id);
    for (const link of this.#root.querySelectorAll("[aria-current]")) link.removeAttribute("aria-current");
    const row = this.#rows.find(id) ?? this.#rows.fresh(id);
    row.querySelector("a")?.setAttribute("aria-current", "page");
    if (!row.isConnected) this.#rows.place(row);
  }

  /** Brings back what was deleted. @param {string} id @param {string} title */
  async restore(id, title) {
    const form = /** @type {HTMLFormElement} */ (this.#rows.fresh(id).querySelector('form[data-act="delete"]'));
    form.action = form.action.replace(/delete\/$/, "restore/");
    if (!(await submit(form))) return;
    this.apply({ id, title, updated_at: this.#gone.get(id) ?? new Date().toISOString() });
  }

  /** When what went was used last: for its way back. @type {Map<string, string>} */
  #gone = new Map();

  /** Out of the list, or back. @param {string} id @param {string} place @param {string} title */
  async put(id, place, title) {
    const row = this.#rows.find(id) ?? this.#rows.fresh(id);
    const form = /** @type {HTMLFormElement} */ (row.querySelector('form[data-act="place"]'));
    const updated_at = row.dataset.updated || this.#gone.get(id) || new Date().toISOString();
    if (!(await submit(form, { place }))) return;
    this.#gone.set(id, updated_at);
    this.apply({ id, title, updated_at, ...PLACES[place] });
    if (place === "archive") this.dispatchEvent(new CustomEvent("archived", { detail: { id, title } }));
  }

  /** @param {Event} event */
  #clicked(event) {
    const button = /** @type {Element} */ (event.target).closest('[data-act="start-rename"]');
    const row = /** @type {HTMLElement | null} */ (button?.closest("[data-conversation]") ?? null);
    if (!row) return;
    row.querySelector("details")?.removeAttribute("open");
    row.classList.add("is-renaming");
    titleField(row).select();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape") return;
    const target = /** @type {Element} */ (event.target);
    const row = target.closest(".is-renaming");
    const menu = target.closest(".conversation-menu[open], .account-menu[open]");
    if (!row && !menu) return;
    event.preventDefault();
    menu?.removeAttribute("open");
    menu?.querySelector("summary")?.focus();
    if (row) this.#endRename(/** @type {HTMLElement} */ (row), true);
  }

  /** @param {FocusEvent} event */
  #left(event) {
    const row = /** @type {HTMLElement | null} */ (
      /** @type {Element} */ (event.target).closest(".is-renaming")
    );
    if (!row || row.contains(/** @type {Element | null} */ (event.relatedTarget))) return;
    const form = /** @type {HTMLFormElement} */ (row.querySelector('form[data-act="rename"]'));
    form.requestSubmit();
  }

  /** @param {HTMLElement} row @param {boolean} focus */
  #endRename(row, focus) {
    titleField(row).value = titleField(row).defaultValue;
    row.classList.remove("is-renaming");
    if (focus) row.querySelector("a")?.focus();
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const row = /** @type {HTMLElement | null} */ (form.closest("[data-conversation]"));
    if (!row) return;
    event.preventDefault();
    if (form.dataset.act === "rename") return void this.#rename(row, form);
    row.querySelector("details")?.removeAttribute("open");
    const id = row.dataset.conversation ?? "";
    const title = part(row, "title").textContent ?? "";
    const { value } = /** @type {HTMLButtonElement} */ (event.submitter ?? { value: "" });
    void (form.dataset.act === "delete" ? this.#delete(row, form, { id, title }) : this.put(id, value, title));
  }

  /** @param {HTMLElement} row @param {HTMLFormElement} form */
  async #rename(row, form) {
    if (!row.classList.contains("is-renaming")) return;
    const field = titleField(row);
    const [before, title] = [field.defaultValue, field.value.trim()];
    const changed = title && title !== before;
    if (!changed) return this.#endRename(row, row.contains(document.activeElement));
    const sent = submit(form);
    field.defaultValue = title;
    this.#endRename(row, row.contains(document.activeElement));
    this.#rows.show(row, { id: "", title });
    if (!(await sent)) this.#rows.show(row, { id: "", title: before });
  }

  /** @param {HTMLElement} row @param {HTMLFormElement} form @param {{id: string, title: string}} gone */
  async #delete(row, form, gone) {
    if (!(await submit(form))) return;
    this.#newer.add(gone.id);
    this.#gone.set(gone.id, row.dataset.updated ?? "");
    const next = nextOf(row, this.#rows.all);
    this.#rows.remove(row);
    // Whoever pressed the button stays in the list, where the row was.
    if (document.activeElement === document.body) next?.focus();
    this.dispatchEvent(new CustomEvent("deleted", { detail: gone }));
  }

  /** @param {Event} event */
  #closeMenus(event) {
    for (const menu of this.#root.querySelectorAll(".conversation-menu[open], .account-menu[open]")) {
      if (!menu.contains(/** @type {globalThis.Node} */ (event.target))) menu.removeAttribute("open");
    }
  }
}

/** @param {HTMLElement} row @param {HTMLElement[]} all @returns {HTMLElement | null} what is to take the focus */
function nextOf(row, all) {
  const beside = all[all.indexOf(row) + 1] ?? all[all.indexOf(row) - 1];
  return beside?.querySelector("a") ?? document.querySelector("a.new-conversation");
}
