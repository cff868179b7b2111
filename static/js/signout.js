/** The page that asks whether to sign out. */
import { leaving } from "./leaving.js";
import { element } from "./page.js";

const form = /** @type {HTMLFormElement} */ (element("sign-out"));
form.addEventListener("submit", () => {
  const typed = /** @type {HTMLInputElement} */ (form.elements.namedItem("typed"));
  leaving(form, form.dataset.person ?? "", typed.checked);
});
