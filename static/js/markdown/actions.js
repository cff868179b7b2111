/** What the buttons in an answer do: those of code, and those of footnotes. */
import { copy } from "../copy.js";
import { gettext } from "../i18n.js";
import { extensionOf } from "./languages.js";

const SHOWN_FOR = 2_000;

/**
 * @param {Element} root around answers
 * @param {(words: string) => void} [say] to who does not see it
 */
export function listen(root, say = () => {}) {
  root.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("button[data-act]"));
    if (button) void act(button, say);
  });
}

/** @param {HTMLElement} button @param {(words: string) => void} say */
async function act(button, say) {
  const code = button.closest(".code");
  switch (button.dataset.act) {
    case "copy-code":
      if (!(await copy(wordsOf(code)))) return;
      button.textContent = gettext("Copied");
      setTimeout(() => (button.textContent = gettext("Copy")), SHOWN_FOR);
      return say(gettext("Copied."));
    case "save-code":
      return save(wordsOf(code), `code.${extensionOf(/** @type {HTMLElement} */ (code).dataset.language ?? "")}`);
    case "wrap-code":
      return button.setAttribute("aria-pressed", String(code?.classList.toggle("is-wrapped") ?? false));
    case "note":
      return show(button, ".footnote", "footnote");
    case "note-back":
      return show(button, '[data-act="note"]', "note");
  }
}

/** @param {Element | null} code */
function wordsOf(code) {
  return code?.querySelector("pre")?.textContent ?? "";
}

/** @param {string} text @param {string} name */
function save(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** The other end of a footnote, in the same answer. @param {HTMLElement} button @param {string} what @param {string} name of its data */
function show(button, what, name) {
  const found = /** @type {HTMLElement[]} */ ([...(button.closest(".is-drawn")?.querySelectorAll(what) ?? [])]);
  const other = found.find((each) => each.dataset[name] === button.dataset.note);
  other?.scrollIntoView({ block: "nearest" });
  other?.focus({ preventScroll: true });
}
