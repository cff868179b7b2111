/**
 * Which files the picked model reads, and what to say where it does not.
 *
 * @typedef {import("./protocol.js").Attachment} Attachment
 */
import { gettext } from "./i18n.js";

const KINDS = /** @type {const} */ (["image", "document"]);

/** @typedef {import("./i18n.js").Values} Values */

// Whole sentences: other languages do not put them together from the same pieces.
const SENTENCES = {
  image: {
    /** @param {Values} values */
    none: (values) => gettext("%(name)s cannot read images. Choose another model, or remove them.", values),
    /** @param {Values} values */
    fewer: (values) => gettext("%(name)s reads %(most)s images at a time; there are %(count)s.", values),
    /** @param {Values} values */
    above: (values) =>
      gettext("%(name)s cannot read the images above. It will be told only that they are there.", values),
  },
  document: {
    /** @param {Values} values */
    none: (values) => gettext("%(name)s cannot read documents. Choose another model, or remove them.", values),
    /** @param {Values} values */
    fewer: (values) => gettext("%(name)s reads %(most)s documents at a time; there are %(count)s.", values),
    /** @param {Values} values */
    above: (values) =>
      gettext("%(name)s cannot read the documents above. It will be told only that they are there.", values),
  },
};

/** @param {Values} values */
function neither(values) {
  return gettext(
    "%(name)s cannot read the images and documents above. It will be told only that they are there.",
    values,
  );
}

export class Reading {
  #name;
  #most;

  /** @param {HTMLElement | null | undefined} element the option, or field, of the model */
  constructor(element) {
    this.#name = (element?.dataset.name ?? element?.textContent ?? "").trim() || gettext("This model");
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
      if (count && !most) return SENTENCES[kind].none({ name: this.#name });
      if (count > most) return SENTENCES[kind].fewer({ name: this.#name, most, count });
    }
    return "";
  }

  /** What to say of files further up that it cannot read. @param {Attachment[]} attachments */
  hint(attachments) {
    const lost = KINDS.filter(
      (kind) => !this.#most[kind] && attachments.some((attachment) => attachment.kind === kind),
    );
    if (!lost.length) return "";
    return lost.length > 1 ? neither({ name: this.#name }) : SENTENCES[lost[0] ?? "image"].above({ name: this.#name });
  }
}
