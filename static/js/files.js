/**
 * What is attached to the message that is being written: taken by button, drop and paste, uploaded at
 * once, shown as chips. A chip that failed stays, with the reason, until it is removed.
 *
 * Events: "change", "say" (detail: words for whoever does not see the chips).
 *
 * @typedef {import("./protocol.js").Attachment} Attachment
 * @typedef {{element: HTMLElement, name: string, attachment: Attachment | null, problem: string,
 *   abort: () => void}} Chip
 * @typedef {{upload: typeof upload, discard: typeof discard, exists: typeof exists}} Transport
 */
import { fileAddress, showImage, sizeWords } from "./attachments.js";
import { gettext } from "./i18n.js";
import { exists } from "./site.js";
import { discard, upload } from "./upload.js";

const UNLIMITED = Number.POSITIVE_INFINITY;

export class Files extends EventTarget {
  #form;
  #zone;
  #transport;
  /** @type {Chip[]} */
  #chips = [];
  #dragging = 0;

  /**
   * @param {HTMLFormElement} form of the composer
   * @param {EventTarget} zone where files may be dropped
   * @param {Transport} [transport]
   */
  constructor(form, zone, transport = { upload, discard, exists }) {
    super();
    this.#form = form;
    this.#zone = zone;
    this.#transport = transport;
  }

  /** @param {AbortSignal} signal ends it */
  start(signal) {
    const input = /** @type {HTMLInputElement} */ (this.#part("files-input"));
    this.#part("attach").addEventListener("click", () => input.click(), { signal });
    input.addEventListener("change", () => (this.add(input.files ?? []), (input.value = "")), { signal });
    this.#form.addEventListener("paste", (event) => this.#paste(event), { signal });
    this.#part("chips").addEventListener("click", (event) => this.#clicked(event), { signal });
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
      this.#zone.addEventListener(name, (event) => this.#drag(/** @type {DragEvent} */ (event)), { signal });
    }
  }

  /** What can be sent, in its order. */
  get attachments() {
    return this.#chips.flatMap(({ attachment }) => (attachment ? [attachment] : []));
  }

  get isEmpty() {
    return this.#chips.length === 0;
  }

  /** Why nothing can be sent now, though there are files; nothing where it can. */
  get problem() {
    const failed = this.#chips.find((chip) => chip.problem);
    if (failed) return gettext("%(name)s is not uploaded. Remove it, or try it again.", { name: failed.name });
    if (this.#chips.some((chip) => !chip.attachment)) return gettext("The files are still being uploaded.");
    return "";
  }

  /** @param {Iterable<File>} files */
  add(files) {
    for (const file of files) this.#begin(file);
    this.#changed();
  }

  /** Shows what was uploaded before. @param {Attachment[]} attachments */
  restore(attachments) {
    for (const attachment of attachments) {
      if (this.attachments.some(({ id }) => id === attachment.id)) continue;
      this.#done(this.#chip(attachment.name), attachment);
    }
    this.#changed();
  }

  /** They are sent: the chips go. */
  clear() {
    this.#drop(() => true);
    this.#changed();
  }

  /**
   * Shows these, as they were kept, in place of those that were uploaded; what is under way or failed stays.
   * @param {Attachment[]} attachments
   */
  show(attachments) {
    const wanted = new Set(attachments.map(({ id }) => id));
    this.#drop((chip) => chip.attachment !== null && !wanted.has(chip.attachment.id));
    this.restore(attachments);
  }

  /** What was uploaded long ago may be gone: its chips go, and it is said. */
  async check() {
    const base = this.#part("chips").dataset.files ?? "";
    for (const chip of [...this.#chips]) {
      if (!chip.attachment || (await this.#transport.exists(fileAddress(base, chip.attachment.id, "original")))) continue;
      this.#drop((each) => each === chip);
      this.#say(gettext("%(name)s is not there any more.", { name: chip.name }));
      this.#changed();
    }
  }

  /** @param {(chip: Chip) => boolean} which */
  #drop(which) {
    for (const chip of this.#chips.filter(which)) chip.element.remove();
    this.#chips = this.#chips.filter((chip) => !which(chip));
  }

  /** @param {File} file */
  #begin(file) {
    const name = file.name || gettext("Pasted image");
    const chip = this.#chip(name);
    const most = Number(this.#part("files-input").dataset.maxBytes) || UNLIMITED;
    if (file.size > most) {
      return this.#failed(chip, gettext("Larger than %(size)s.", { size: sizeWords(most) }));
    }
    const progress = /** @type {HTMLProgressElement} */ (part(chip.element, "chip-progress"));
    const { promise, abort } = this.#transport.upload(this.#address, file, (share) => (progress.value = share));
    chip.abort = abort;
    promise.then(
      (attachment) => this.#arrived(chip, attachment),
      (error) => this.#chips.includes(chip) && (this.#failed(chip, error.message), this.#changed()),
    );
  }

  /** @param {Chip} chip @param {Attachment} attachment */
  #arrived(chip, attachment) {
    if (!this.#chips.includes(chip)) return void this.#transport.discard(this.#address, attachment.id);
    this.#done(chip, attachment);
    this.#say(gettext("%(name)s is attached.", { name: attachment.name }));
    this.#changed();
  }

  /** @param {string} name @returns {Chip} */
  #chip(name) {
    const template = /** @type {HTMLTemplateElement} */ (this.#part("chip"));
    const element = /** @type {HTMLElement} */ (
      document.importNode(/** @type {Element} */ (template.content.firstElementChild), true)
    );
    element.dataset.state = "uploading";
    part(element, "chip-name").textContent = name;
    part(element, "chip-remove").setAttribute("aria-label", gettext("Remove %(name)s", { name }));
    part(element, "chip-progress").setAttribute("aria-label", gettext("Uploading %(name)s", { name }));
    this.#part("chips").append(element);
    const chip = { element, name, attachment: null, problem: "", abort: () => {} };
    this.#chips.push(chip);
    return chip;
  }

  /** @param {Chip} chip @param {Attachment} attachment */
  #done(chip, attachment) {
    chip.attachment = attachment;
    chip.element.dataset.state = "done";
    chip.element.dataset.kind = attachment.kind;
    part(chip.element, "chip-note").textContent = sizeWords(attachment.size);
    const base = this.#part("chips").dataset.files ?? "";
    if (attachment.kind === "image") showImage(part(chip.element, "chip-image"), attachment, base);
  }

  /** @param {Chip} chip @param {string} reason */
  #failed(chip, reason) {
    chip.problem = reason;
    chip.element.dataset.state = "failed";
    part(chip.element, "chip-note").textContent = reason;
    this.#say(`${chip.name}: ${reason}`);
  }

  /** @param {Event} event */
  #clicked(event) {
    const button = /** @type {Element} */ (event.target).closest('[data-part="chip-remove"]');
    const at = this.#chips.findIndex(({ element }) => button && element.contains(button));
    if (at < 0) return;
    const [chip] = this.#chips.splice(at, 1);
    chip.element.remove();
    chip.abort();
    if (chip.attachment) void this.#transport.discard(this.#address, chip.attachment.id);
    this.#say(`${chip.name} is removed.`);
    // Whoever uses the keyboard goes on with the next one, or with the message.
    const next = this.#chips[Math.min(at, this.#chips.length - 1)];
    (next ? part(next.element, "chip-remove") : this.#part("text")).focus();
    this.#changed();
  }

  /** @param {ClipboardEvent} event */
  #paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    // A word processor offers a picture of the text beside the text: what is meant is the text.
    if (!files.length || event.clipboardData?.types.includes("text/plain")) return;
    event.preventDefault();
    this.add(files);
  }

  /** @param {DragEvent} event */
  #drag(event) {
    if (!event.dataTransfer?.types.includes("Files")) return;
    // Without this the browser would leave the page for the file.
    event.preventDefault();
    if (event.type === "dragenter") this.#dragging += 1;
    if (event.type === "dragleave") this.#dragging -= 1;
    if (event.type === "drop") {
      this.#dragging = 0;
      this.add(event.dataTransfer.files);
    }
    this.#part("drop").hidden = this.#dragging < 1;
  }

  #changed() {
    this.#part("chips").hidden = this.#chips.length === 0;
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} words */
  #say(words) {
    this.dispatchEvent(new CustomEvent("say", { detail: words }));
  }

  get #address() {
    return this.#part("files-input").dataset.address ?? "";
  }

  /** @param {string} name @returns {HTMLElement} */
  #part(name) {
    return part(this.#form, name);
  }
}

/** @param {ParentNode} root @param {string} name @returns {HTMLElement} */
function part(root, name) {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (!found) throw new Error(`The composer has no part "${name}".`);
  return /** @type {HTMLElement} */ (found);
}
