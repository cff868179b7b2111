/**
 * The files of a message, as copies of the empty item in the template of a message.
 *
 * @typedef {import("./protocol.js").Attachment} Attachment
 */
import { ngettext, number } from "./i18n.js";

export class AttachmentsView {
  #list;
  #blank;
  #base;
  #shown = "";

  /**
   * @param {HTMLElement} list of one message
   * @param {ParentNode} blank the template of a message
   */
  constructor(list, blank) {
    this.#list = list;
    this.#blank = blank;
    this.#base = list.dataset.files ?? "";
    for (const empty of list.querySelectorAll('[data-file=""]')) empty.remove();
    // What the server rendered stands until something else is to be shown.
    this.#shown = [...list.querySelectorAll("[data-file]")].map(idOf).join();
  }

  /** @param {Attachment[]} attachments */
  draw(attachments) {
    const shown = attachments.map((attachment) => attachment.id).join();
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#list.hidden = attachments.length === 0;
    this.#list.replaceChildren(...attachments.map((attachment) => this.#item(attachment)));
  }

  /** @param {Attachment} attachment */
  #item(attachment) {
    const blank = part(this.#blank, "attachments").firstElementChild;
    const item = /** @type {HTMLElement} */ (document.importNode(/** @type {Element} */ (blank), true));
    item.dataset.kind = attachment.kind;
    item.dataset.file = attachment.id;
    part(item, "link").setAttribute("href", fileAddress(this.#base, attachment.id, "original"));
    part(item, "file-name").textContent = attachment.name;
    part(item, "file-size").textContent = sizeWords(attachment.size);
    if (attachment.kind === "image") showImage(part(item, "thumbnail"), attachment, this.#base);
    return item;
  }
}

/** @param {Element} element */
function idOf(element) {
  return /** @type {HTMLElement} */ (element).dataset.file ?? "";
}

/** @param {HTMLElement} element an `img` @param {Attachment} attachment @param {string} base */
export function showImage(element, attachment, base) {
  const image = /** @type {HTMLImageElement} */ (element);
  image.setAttribute("src", fileAddress(base, attachment.id, "thumbnail"));
  // The place is there before the image is: nothing moves when it comes.
  if (attachment.width) image.setAttribute("width", String(attachment.width));
  if (attachment.height) image.setAttribute("height", String(attachment.height));
  image.hidden = false;
}

/**
 * @param {string} base of this site, never from elsewhere
 * @param {string} id
 * @param {"original" | "thumbnail"} which
 */
export function fileAddress(base, id, which) {
  return `${base}${encodeURIComponent(id)}/${which}`;
}

/** @param {number} bytes as the server's own words say it */
export function sizeWords(bytes) {
  if (bytes < 1024) return ngettext("%(count)s\u00a0byte", "%(count)s\u00a0bytes", bytes);
  const kilobytes = bytes / 1024;
  if (kilobytes < 1024) return `${tenths(kilobytes)}\u00a0KB`;
  return `${tenths(kilobytes / 1024)}\u00a0MB`;
}

/** @param {number} size */
function tenths(size) {
  return number(size, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
}

/** @param {ParentNode} root @param {string} name @returns {HTMLElement} */
function part(root, name) {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (!found) throw new Error(`The template has no part "${name}".`);
  return /** @type {HTMLElement} */ (found);
}
