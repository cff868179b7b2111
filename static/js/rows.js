/** The rows of the sidebar: made from their template, placed in groups by day. */
import { dayOf } from "./days.js";
import { gettext } from "./i18n.js";
import { titleWords } from "./title.js";

/**
 * What is told of a conversation; what is absent stays.
 * @typedef {{id: string, title?: string, running?: boolean, unread?: boolean, pinned?: boolean, archived?: boolean,
 *   deleted?: boolean, temporary?: boolean, updated_at?: string}} Change
 */

const NOBODY = "00000000-0000-0000-0000-000000000000";

export class Rows {
  #root;
  #list;
  #template;

  /** @param {HTMLElement} root @param {HTMLTemplateElement} template of a row */
  constructor(root, template) {
    this.#root = root;
    this.#list = part(root, "list");
    this.#template = template;
  }

  get all() {
    return /** @type {HTMLElement[]} */ ([...this.#root.querySelectorAll("[data-conversation]")]);
  }

  /** @param {string} id */
  find(id) {
    return /** @type {HTMLElement | null} */ (
      this.#root.querySelector(`[data-conversation="${CSS.escape(id)}"]`)
    );
  }

  /** @param {string} id a row for it, in no list yet */
  fresh(id) {
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

  /** Shows in a row what was told of it. @param {HTMLElement} row @param {Change} change */
  show(row, change) {
    if (change.title !== undefined) this.#title(row, change.title);
    if (change.updated_at !== undefined) row.dataset.updated = change.updated_at;
    for (const name of /** @type {const} */ (["running", "unread", "pinned", "archived"]))
      if (change[name] !== undefined) row.classList.toggle(`is-${name}`, change[name]);
  }

  /** Puts a row where it belongs; the group that it leaves empty goes. @param {HTMLElement} row */
  place(row) {
    row.dataset.updated ||= new Date().toISOString();
    const list = row.classList.contains("is-archived")
      ? part(this.#root, "archived-list")
      : part(this.#group(row), "rows");
    const left = row.closest("[data-group]");
    const next = [...list.children].find((other) => other !== row && isBefore(row, other));
    if (row.parentElement !== list || row.nextElementSibling !== (next ?? null))
      list.insertBefore(row, next ?? null);
    tidy(left);
  }

  /** @param {HTMLElement} row */
  remove(row) {
    const group = row.closest("[data-group]");
    row.remove();
    tidy(group);
  }

  /** The group in which a row belongs, made where there is none. @param {HTMLElement} row */
  #group(row) {
    const { key, label } = row.classList.contains("is-pinned")
      ? { key: "pinned", label: gettext("Pinned") }
      : dayOf(row.dataset.updated ?? "");
    const present = this.#list.querySelector(`[data-group="${key}"]`);
    if (present) return present;
    this.#root.querySelector('[data-part="none"]')?.remove();
    const group = document.createElement("section");
    group.className = "conversation-group";
    group.dataset.group = key;
    const heading = document.createElement("h2");
    heading.className = "conversation-group-label";
    heading.textContent = label;
    const rows = document.createElement("ul");
    rows.dataset.part = "rows";
    group.append(heading, rows);
    const groups = [...this.#list.querySelectorAll("[data-group]")];
    const next = groups.find((other) => key === "pinned" || isOlder(other, row));
    this.#list.insertBefore(group, next ?? this.#list.querySelector(":scope > :not([data-group])"));
    return group;
  }

  /** @param {HTMLElement} row @param {string} kept */
  #title(row, kept) {
    const title = titleWords(kept);
    part(row, "title").textContent = title;
    const field = titleField(row);
    if (!row.classList.contains("is-renaming")) field.value = field.defaultValue = title;
  }
}

/** @param {Element} row @param {Element} other */
function isBefore(row, other) {
  return moment(row) > moment(other);
}

/** @param {Element} row */
function moment(row) {
  return Date.parse(/** @type {HTMLElement} */ (row).dataset.updated ?? "") || 0;
}

/** Whether a group of days lies before the day of a row. @param {Element} group @param {Element} row */
function isOlder(group, row) {
  if (group.getAttribute("data-group") === "pinned") return false;
  const first = group.querySelector("[data-conversation]");
  return first !== null && isBefore(row, first);
}

/** @param {Element | null} group */
function tidy(group) {
  if (group && !group.querySelector("[data-conversation]")) group.remove();
}

/** @param {Element} root @param {string} name @returns {HTMLElement} */
export function part(root, name) {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (!found) throw new Error(`The sidebar has no part "${name}".`);
  return /** @type {HTMLElement} */ (found);
}

/** @param {HTMLElement} row */
export function titleField(row) {
  return /** @type {HTMLInputElement} */ (row.querySelector('input[name="title"]'));
}
