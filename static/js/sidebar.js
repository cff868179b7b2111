/**
 * The list of conversations: renamed in place, deleted with undo, and kept as it is on the server.
 *
 * Events: "deleted" and "restored" (detail: {id, title}).
 */
import { gettext } from "./i18n.js";
import { submit } from "./site.js";
import { titleWords } from "./title.js";

/**
 * @typedef {{id: string, title?: string, running?: boolean, deleted?: boolean, archived?: boolean, updated_at?: string}} Change
 */

const NOBODY = "00000000-0000-0000-0000-000000000000";
const [PINNED, TODAY] = ["pinned", "today"];

export class Sidebar extends EventTarget {
  #root;
  #template;
  /** @type {AbortController | null} */
  #listening = null;
  /** What changed since the list is being read: what the reading says of these may be older. */
  #newer = new Set();

  /** @param {HTMLElement} root @param {HTMLTemplateElement} template of a row */
  constructor(root, template) {
    super();
    this.#root = root;
    this.#template = template;
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
  }

  stop() {
    this.#listening?.abort();
    this.#listening = null;
  }

  /** A change that the server told. @param {Change} change */
  apply(change) {
    this.#newer.add(change.id);
    const row = this.#row(change.id);
    if (change.deleted || change.archived) return void (row && this.#remove(row));
    const shown = row ?? this.#add(change.id);
    if (change.title !== undefined) this.#title(shown, change.title);
    if (change.running !== undefined) shown.classList.toggle("is-running", change.running);
    if (change.updated_at !== undefined && row) this.#lift(row);
  }

  /** The list is about to be read for `reconcile`. */
  startReading() {
    this.#newer.clear();
  }

  /**
   * The newest ones, read again after time without a connection.
   * @param {Required<Pick<Change, "id" | "title">>[]} newest
   * @param {boolean} all whether there are no others
   */
  reconcile(newest, all) {
    const listed = new Set([...newest.map((each) => each.id), ...this.#newer]);
    const told = newest.filter((change) => !this.#newer.has(change.id));
    for (const change of told) {
      const row = this.#row(change.id);
      if (row) this.#title(row, change.title);
    }
    for (const change of [...told].reverse()) if (!this.#row(change.id)) this.apply(change);
    if (!all) return;
    for (const row of this.#rows()) if (!listed.has(row.dataset.conversation ?? "")) this.#remove(row);
  }

  /** Marks the conversation that the page shows. @param {string} id */
  mark(id) {
    this.#newer.add(id);
    for (const link of this.#root.querySelectorAll("[aria-current]")) link.removeAttribute("aria-current");
    const row = this.#row(id) ?? this.#add(id);
    part(row, "title").setAttribute("aria-current", "page");
  }

  /** Brings back what was deleted. @param {string} id @param {string} title */
  async restore(id, title) {
    const form = /** @type {HTMLFormElement} */ (this.#fresh(id).querySelector('form[data-act="delete"]'));
    form.action = form.action.replace(/delete\/$/, "restore/");
    if (!(await submit(form))) return false;
    this.apply({ id, title });
    this.dispatchEvent(new CustomEvent("restored", { detail: { id, title } }));
    return true;
  }

  #rows() {
    return /** @type {NodeListOf<HTMLElement>} */ (this.#root.querySelectorAll("[data-conversation]"));
  }

  /** @param {string} id */
  #row(id) {
    return /** @type {HTMLElement | null} */ (
      this.#root.querySelector(`[data-conversation="${CSS.escape(id)}"]`)
    );
  }

  /** @param {string} id a row for it, not in the list yet */
  #fresh(id) {
    // Imported, not cloned: in the template's own document addresses lead nowhere.
    const row = /** @type {HTMLElement} */ (
      document.importNode(this.#template.content, true).firstElementChild
    );
    row.dataset.conversation = id;
    for (const name of ["href", "action"]) {
      for (const element of row.querySelectorAll(`[${name}]`)) {
        element.setAttribute(name, (element.getAttribute(name) ?? "").replace(NOBODY, id));
      }
    }
    return row;
  }

  /** @param {string} id */
  #add(id) {
    const row = this.#fresh(id);
    this.#today().prepend(row);
    return row;
  }

  /** @param {HTMLElement} row to the top of today, where it belongs once it was used */
  #lift(row) {
    if (row.closest("[data-group]")?.getAttribute("data-group") === PINNED) return;
    const today = this.#today();
    if (today.firstElementChild === row) return;
    const group = row.closest("[data-group]");
    today.prepend(row);
    if (group && !group.querySelector("[data-conversation]")) group.remove();
  }

  /** @param {HTMLElement} row */
  #remove(row) {
    const group = row.closest("[data-group]");
    row.remove();
    if (group && !group.querySelector("[data-conversation]")) group.remove();
  }

  /** The list of today's group, which is made where there is none. */
  #today() {
    const list = part(this.#root, "list");
    const present = list.querySelector(`[data-group="${TODAY}"] ul`);
    if (present) return present;
    this.#root.querySelector('[data-part="none"]')?.remove();
    const group = document.createElement("section");
    group.className = "conversation-group";
    group.dataset.group = TODAY;
    const label = document.createElement("h2");
    label.className = "conversation-group-label";
    label.textContent = gettext("Today");
    const rows = document.createElement("ul");
    group.append(label, rows);
    const pinned = list.querySelector(`[data-group="${PINNED}"]`);
    if (pinned) pinned.after(group);
    else list.prepend(group);
    return rows;
  }

  /** @param {HTMLElement} row @param {string} kept */
  #title(row, kept) {
    const title = titleWords(kept);
    part(row, "title").textContent = title;
    const field = titleField(row);
    if (!row.classList.contains("is-renaming")) field.value = field.defaultValue = title;
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
    const menu = target.closest("details[open]");
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
    if (focus) part(row, "title").focus();
  }

  /** @param {SubmitEvent} event */
  #submitted(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const row = /** @type {HTMLElement | null} */ (form.closest("[data-conversation]"));
    if (!row) return;
    event.preventDefault();
    void (form.dataset.act === "delete" ? this.#delete(row, form) : this.#rename(row, form));
  }

  /** @param {HTMLElement} row @param {HTMLFormElement} form */
  async #rename(row, form) {
    if (!row.classList.contains("is-renaming")) return;
    const field = titleField(row);
    const [before, title] = [field.defaultValue, field.value.trim()];
    const body = title && title !== before;
    if (!body) return this.#endRename(row, row.contains(document.activeElement));
    const sent = submit(form);
    field.defaultValue = title;
    this.#endRename(row, row.contains(document.activeElement));
    this.#title(row, title);
    if (!(await sent)) this.#title(row, before);
  }

  /** @param {HTMLElement} row @param {HTMLFormElement} form */
  async #delete(row, form) {
    row.querySelector("details")?.removeAttribute("open");
    const id = row.dataset.conversation ?? "";
    const title = part(row, "title").textContent ?? "";
    if (!(await submit(form))) return;
    this.#newer.add(id);
    const next = nextOf(row, this.#rows());
    this.#remove(row);
    // Whoever pressed the button stays in the list, where the row was.
    if (document.activeElement === document.body) next?.focus();
    this.dispatchEvent(new CustomEvent("deleted", { detail: { id, title } }));
  }

  /** @param {Event} event */
  #closeMenus(event) {
    for (const menu of this.#root.querySelectorAll("details[open]")) {
      if (!menu.contains(/** @type {globalThis.Node} */ (event.target))) menu.removeAttribute("open");
    }
  }
}

/** @param {HTMLElement} row @param {Iterable<HTMLElement>} rows @returns {HTMLElement | null} what is to take the focus */
function nextOf(row, rows) {
  const all = [...rows];
  const beside = all[all.indexOf(row) + 1] ?? all[all.indexOf(row) - 1];
  return beside ? part(beside, "title") : document.querySelector("a.new-conversation");
}

/** @param {HTMLElement} root @param {string} name @returns {HTMLElement} */
function part(root, name) {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (!found) throw new Error(`The sidebar has no part "${name}".`);
  return /** @type {HTMLElement} */ (found);
}

/** @param {HTMLElement} row */
function titleField(row) {
  return /** @type {HTMLInputElement} */ (row.querySelector('input[name="title"]'));
}
