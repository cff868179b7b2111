/**
 * What becomes of what was typed when somebody signs out. The answer of the server empties the storage
 * (Clear-Site-Data), all of it: where another person chose to keep something here, only what belongs to
 * who leaves is removed, by this page.
 */
import { forget, holdsOthers, ofBrowser } from "./storage.js";

/**
 * @param {HTMLFormElement} form by which one signs out, as it is submitted
 * @param {string} person
 * @param {boolean} keep
 */
export function leaving(form, person, keep) {
  const own = /** @type {HTMLInputElement | null} */ (form.elements.namedItem("others"));
  const others = !keep && holdsOthers(person);
  if (own) own.value = others ? "stay" : "";
  // A browser heeds the header on a safe line only.
  if (keep || (!others && globalThis.isSecureContext)) return;
  // Not before the answer is here: signing out may fail.
  globalThis.addEventListener("pagehide", () => {
    forget(person);
    ofBrowser("sessionStorage")?.clear();
  });
}
