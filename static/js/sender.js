/**
 * Which of what waits goes out now: the first of each line, over one tab's connection only, and the next
 * when that is accepted and its conversation is free.
 *
 * @typedef {import("./outbox.js").Waiting} Waiting
 */

/** After a conversation was busy, though nobody has said since that it is free. */
const BUSY_FOR = 5_000;
/** What another tab has not sent for so long, though the conversation is free: that tab sleeps. */
const OVERDUE = 15_000;
const LOOK_EVERY = 15_000;

export class Sender {
  #connection;
  #outbox;
  #tab;
  #place;
  #underWay = new Set();
  /** @type {Map<string, ReturnType<typeof setTimeout>>} lines that are busy */
  #held = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #looking;

  /**
   * @param {Pick<import("./connection.js").Connection, "send">} connection
   * @param {import("./outbox.js").Outbox} outbox
   * @param {{id: string, gone: (tabs: string[]) => Promise<string[]>}} tab
   * @param {{isHere: (line: string) => boolean, isFree: () => boolean}} place what this tab shows, and whether
   *   no answer is being written there
   */
  constructor(connection, outbox, tab, place) {
    this.#connection = connection;
    this.#outbox = outbox;
    this.#tab = tab;
    this.#place = place;
  }

  /** @param {string} key */
  isUnderWay(key) {
    return this.#underWay.has(key);
  }

  /** A new line: whatever was under way is sent again. */
  restart() {
    this.stop();
    this.#underWay.clear();
    void this.#look();
    this.flush();
  }

  stop() {
    clearTimeout(this.#looking);
    this.#looking = undefined;
    for (const timer of this.#held.values()) clearTimeout(timer);
    this.#held.clear();
  }

  flush() {
    for (const entry of this.#outbox.heads) {
      const { command, line, tab } = entry;
      if (tab !== this.#tab.id) this.#looking ??= setTimeout(() => void this.#look(), LOOK_EVERY);
      if (tab !== this.#tab.id || this.#underWay.has(command.key)) continue;
      if (this.#held.has(line) || !this.#mayGo(entry) || !this.#connection.send(command)) continue;
      this.#underWay.add(command.key);
      this.#outbox.mark(command.key, true);
    }
  }

  /** Its conversation is busy. @param {Waiting} entry */
  hold({ command, line }) {
    clearTimeout(this.#held.get(line));
    this.#held.set(line, setTimeout(() => this.release(line), BUSY_FOR));
    this.#underWay.delete(command.key);
    this.#outbox.mark(command.key, false);
  }

  /** @param {string} line */
  release(line) {
    clearTimeout(this.#held.get(line));
    if (this.#held.delete(line)) this.flush();
  }

  /** One answer at a time; whether it has arrived already is asked at once. @param {Waiting} entry */
  #mayGo({ line, tried }) {
    return tried || !this.#place.isHere(line) || this.#place.isFree();
  }

  /** What tabs left that are closed is sent from here, and in this conversation what one that sleeps does not. */
  async #look() {
    this.#looking = undefined;
    const others = this.#outbox.all.filter(({ tab }) => tab !== this.#tab.id);
    const gone = await this.#tab.gone(others.map(({ tab }) => tab));
    for (const entry of others) {
      // Another tab may have been quicker.
      if (this.#outbox.get(entry.command.key)?.tab !== entry.tab) continue;
      if (gone.includes(entry.tab) || this.#isOverdue(entry)) this.#outbox.adopt(entry.command.key);
    }
    this.flush();
  }

  /** @param {Waiting} entry */
  #isOverdue(entry) {
    if (Date.now() - entry.at < OVERDUE || !this.#place.isHere(entry.line)) return false;
    return this.#mayGo(entry) && this.#outbox.of(entry.line)[0]?.command.key === entry.command.key;
  }
}
