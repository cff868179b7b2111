/**
 * Which files the picked model reads, and what to say where it does not.
 *
 * @typedef {import("./protocol.js").Attachment} Attachment
 */

const KINDS = /** @type {const} */ (["image", "document"]);

export class Reading {
  #name;
  #most;

  /** @param {HTMLElement | null | undefined} element the option, or field, of the model */
  constructor(element) {
    this.#name = (element?.dataset.name ?? element?.textContent ?? "").trim() || "This model";
    this.#most = {
      image: Number(element?.dataset.images ?? 0),
      document: Number(element?.dataset.documents ?? 0),
    };
  }

  /** Whether it reads any. */
  get readsFiles() {
    return KINDS.some((kind) => this.#most[kind] > 0);
  }

  /** Why these cannot be sent to it; nothing where they can. @param {Attachment[]} attachments */
  problem(attachments) {
    for (const kind of KINDS) {
      const count = attachments.filter((attachment) => attachment.kind === kind).length;
      const most = this.#most[kind];
      if (count && !most) return `${this.#name} cannot read ${kind}s. Choose another model, or remove them.`;
      if (count > most) return `${this.#name} reads ${most} ${kind}s at a time; there are ${count}.`;
    }
    return "";
  }

  /** What to say of files further up that it cannot read. @param {Attachment[]} attachments */
  hint(attachments) {
    const lost = KINDS.filter(
      (kind) => !this.#most[kind] && attachments.some((attachment) => attachment.kind === kind),
    );
    if (!lost.length) return "";
    const what = lost.map((kind) => `${kind}s`).join(" and ");
    return `${this.#name} cannot read the ${what} above. It will be told only that they are there.`;
  }
}
