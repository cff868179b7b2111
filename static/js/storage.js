/**
 * What this browser keeps for one person. A store that is full, forbidden or broken does not break the
 * page: what it does not take is held in memory, and `isKept` tells that it goes with the page.
 *
 * @typedef {import("./protocol.js").Attachment} Attachment
 * @typedef {{id: string}} Named  the tab; see tabs.js
 */

/**
 * The browser's store, or none where even asking for it is forbidden.
 * @param {"localStorage" | "sessionStorage"} name
 */
export function ofBrowser(name) {
  try {
    return globalThis[name] ?? undefined;
  } catch {
    return undefined;
  }
}

export class Shelf {
  #store;
  #prefix;
  /** @type {Map<string, string>} what the store did not take */
  #unkept = new Map();

  /** @param {Storage | undefined} store @param {string} prefix */
  constructor(store, prefix) {
    this.#store = store;
    this.#prefix = prefix;
  }

  /** @param {string} name */
  get(name) {
    const unkept = this.#unkept.get(name);
    if (unkept !== undefined) return unkept;
    try {
      return this.#store?.getItem(this.#prefix + name) ?? "";
    } catch {
      return "";
    }
  }

  /** @param {string} name @param {string} value nothing: forget it */
  set(name, value) {
    try {
      if (!this.#store) throw new Error("There is no store.");
      if (value) this.#store.setItem(this.#prefix + name, value);
      else this.#store.removeItem(this.#prefix + name);
      this.#unkept.delete(name);
    } catch {
      this.#unkept.set(name, value);
    }
  }

  /** Whether all that was put here would outlive the page. */
  get isKept() {
    return [...this.#unkept.values()].every((value) => !value);
  }

  /** @returns {string[]} of what is here */
  names() {
    const names = new Set(this.#unkept.keys());
    try {
      for (let at = 0; at < (this.#store?.length ?? 0); at += 1) {
        const name = this.nameOf(this.#store?.key(at) ?? null);
        if (name !== null) names.add(name);
      }
    } catch {
      // What cannot be read is not there.
    }
    return [...names].filter((name) => this.get(name));
  }

  /** @param {string | null} key of the store @returns {string | null} the name that it has here */
  nameOf(key) {
    return key?.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : null;
  }

  /**
   * Hears of what other tabs change.
   * @param {AbortSignal} signal ends it
   * @param {(name: string) => void} changed
   */
  watch(signal, changed) {
    const hear = (/** @type {Event} */ event) => {
      const name = this.nameOf(/** @type {StorageEvent} */ (event).key);
      if (name !== null && !this.#unkept.has(name)) changed(name);
    };
    globalThis.addEventListener?.("storage", hear, { signal });
  }
}

// The server forgets an upload that is not sent within a day.
const FILES_KEPT = 20 * 3_600_000;

/**
 * What is being written, by conversation; it survives a reload and a crash. A conversation has one draft,
 * whichever tab shows it; conversations that do not exist yet have one for each tab.
 *
 * Event: "change" (another tab changed a draft; detail: the conversation, or null for this tab's new one).
 */
export class Drafts extends EventTarget {
  #shelf;
  #files;
  /** @type {Named} */
  #tab;

  /** @param {string} person @param {Storage} [store] @param {Named} [tab] */
  constructor(person, store = ofBrowser("localStorage"), tab = { id: "" }) {
    super();
    this.#shelf = new Shelf(store, `draft:${person}:`);
    this.#files = new Shelf(store, `files:${person}:`);
    this.#tab = tab;
  }

  /** Whether all of it would outlive the page. */
  get isKept() {
    return this.#shelf.isKept && this.#files.isKept;
  }

  /** How many conversations and edited messages have something that was not sent. */
  get count() {
    return new Set([...this.#shelf.names(), ...this.#files.names()]).size;
  }

  /** @param {AbortSignal} signal ends it */
  watch(signal) {
    const changed = (/** @type {string} */ name) => {
      const own = name === this.#name(null);
      if (own || !name.startsWith("new."))
        this.dispatchEvent(new CustomEvent("change", { detail: own ? null : name }));
    };
    this.#shelf.watch(signal, changed);
    this.#files.watch(signal, changed);
  }

  /** @param {string | null} conversation @returns {Attachment[]} uploaded, not sent */
  files(conversation) {
    return this.#filesOf(this.#name(conversation));
  }

  /** @param {string | null} conversation @param {Attachment[]} files */
  setFiles(conversation, files) {
    const kept = files.length ? JSON.stringify({ at: Date.now(), files }) : "";
    this.#files.set(this.#name(conversation), kept);
  }

  /** @param {string | null} conversation null: a new one */
  get(conversation) {
    return this.#shelf.get(this.#name(conversation));
  }

  /** @param {string | null} conversation @param {string} text */
  set(conversation, text) {
    this.#shelf.set(this.#name(conversation), text);
  }

  /** The text with which an earlier message is being replaced. @param {string} message */
  edit(message) {
    return this.#shelf.get(`edit.${message}`);
  }

  /** @param {string} message @param {string} text nothing: it was sent, or given up */
  setEdit(message, text) {
    this.#shelf.set(`edit.${message}`, text);
  }

  /**
   * Puts what came back in front of what is written there.
   * @param {string | null} conversation @param {string} text @param {Attachment[]} files
   */
  giveBack(conversation, text, files) {
    this.set(conversation, joined(text, this.get(conversation)));
    const known = this.files(conversation);
    this.setFiles(conversation, [...known, ...files.filter(({ id }) => !known.some((each) => each.id === id))]);
  }

  /** The tabs in which a new conversation was being written. */
  get writers() {
    const names = [...this.#shelf.names(), ...this.#files.names()];
    return [...new Set(names.flatMap((name) => (name.startsWith("new.") ? [name.slice(4)] : [])))];
  }

  /** Goes on with the new conversation of a tab that is closed. @param {string} tab */
  adopt(tab) {
    const left = `new.${tab}`;
    this.giveBack(null, this.#shelf.get(left), this.#filesOf(left));
    this.#shelf.set(left, "");
    this.#files.set(left, "");
  }

  /** @param {string | null} conversation */
  #name(conversation) {
    return conversation ?? `new.${this.#tab.id}`;
  }

  /** @param {string} name @returns {Attachment[]} */
  #filesOf(name) {
    try {
      const { at, files } = JSON.parse(this.#files.get(name));
      return Date.now() - at < FILES_KEPT && Array.isArray(files) ? files : [];
    } catch {
      return [];
    }
  }
}

const KINDS = ["draft", "files", "outbox"];

/** Whether something here is another person's, who chose to keep it. @param {string} person @param {Storage} [store] */
export function holdsOthers(person, store = ofBrowser("localStorage")) {
  return KINDS.some((kind) => new Shelf(store, `${kind}:`).names().some((name) => !name.startsWith(`${person}:`)));
}

/** Removes what one person typed, and nobody else's. @param {string} person @param {Storage} [store] */
export function forget(person, store = ofBrowser("localStorage")) {
  for (const kind of KINDS) {
    const shelf = new Shelf(store, `${kind}:${person}:`);
    for (const name of shelf.names()) shelf.set(name, "");
  }
}

/** One text in front of another. @param {string} first @param {string} second */
export function joined(first, second) {
  return first && second && first !== second ? `${first}\n\n${second}` : first || second;
}

/** What one page leaves for the next one of the same tab. */
export class Notes {
  #shelf = new Shelf(ofBrowser("sessionStorage"), "note:");

  /** @param {string} name @param {string} text */
  leave(name, text) {
    this.#shelf.set(name, text);
  }

  /** @param {string} name */
  read(name) {
    return this.#shelf.get(name);
  }

  /** Reads a note and throws it away. @param {string} name */
  take(name) {
    const text = this.#shelf.get(name);
    this.#shelf.set(name, "");
    return text;
  }
}
