/** To the clipboard, also where the page is served without TLS and has no clipboard of its own. */
import { htmlOf } from "./markdown/html.js";

/** @param {string} text @returns {Promise<boolean>} whether it is there */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByEvent({ "text/plain": text });
  }
}

/**
 * An answer, so that programs for written documents paste it with its headings, lists and tables, and
 * all others paste its Markdown.
 * @param {string} markdown
 * @returns {Promise<boolean>} whether it is there
 */
export async function copyRich(markdown) {
  const forms = { "text/plain": markdown, "text/html": htmlOf(markdown) };
  try {
    const blobs = Object.entries(forms).map(([type, text]) => [type, new Blob([text], { type })]);
    await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(blobs))]);
    return true;
  } catch {
    return copyByEvent(forms);
  }
}

/** By a selection whose copying is answered with the text in these forms. @param {Record<string, string>} forms */
function copyByEvent(forms) {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.className = "visually-hidden";
  field.value = forms["text/plain"] || " ";
  document.body.append(field);
  field.select();
  document.addEventListener("copy", answer, { once: true });
  const done = document.execCommand("copy");
  document.removeEventListener("copy", answer);
  field.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  return done;

  /** @param {ClipboardEvent} event */
  function answer(event) {
    for (const [type, text] of Object.entries(forms)) event.clipboardData?.setData(type, text);
    event.preventDefault();
  }
}
