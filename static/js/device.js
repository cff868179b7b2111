/**
 * What this browser is to do for whoever sits before it, whoever is signed in: in a cookie, since signing
 * out empties every other store (R94). What is not chosen is as the page begins.
 */

const A_YEAR = 365 * 24 * 3_600;

/**
 * figures: how fast an answer comes is shown while it does; keys: shortcuts of a single key; list: the list of
 * conversations stands beside them
 * @typedef {"figures" | "keys" | "list"} Choice
 */

/** @param {Choice} name */
export function isOn(name) {
  return !document.cookie.split("; ").includes(`${name}=off`);
}

/** @param {Choice} name @param {boolean} on */
export function choose(name, on) {
  const age = on ? 0 : A_YEAR;
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `${name}=off; path=/; max-age=${age}; samesite=lax${secure}`;
}

/** The boxes of a page that stand for a choice each, drawn and kept. @param {ParentNode} root */
export function bind(root) {
  for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (root.querySelectorAll("[data-device]"))) {
    const name = /** @type {Choice} */ (box.dataset.device);
    box.checked = isOn(name);
    box.addEventListener("change", () => choose(name, box.checked));
  }
}
