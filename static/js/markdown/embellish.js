/**
 * Colours for code and typesetting for formulas, for what is finished and comes near to where the
 * reader is. One after the other, in slices; what somebody has selected is left alone until they let go.
 */
import { coloured, pieces } from "./colour.js";
import { sourceOf } from "./patch.js";
import { typesetter } from "./typeset.js";

const NEAR = "800px 0px";

/** @type {Element[]} */
const waiting = [];
/** What each was made from. @type {WeakMap<Element, string>} */
const made = new WeakMap();
let busy = false;

const observer =
  typeof IntersectionObserver === "undefined"
    ? null
    : new IntersectionObserver(
        (entries) => {
          for (const { isIntersecting, target } of entries) {
            if (!isIntersecting) continue;
            observer?.unobserve(target);
            waiting.push(target);
          }
          if (!busy) void work();
        },
        { rootMargin: NEAR },
      );

/** @param {Element} element that will not change any more */
export function embellish(element) {
  if (element.matches(".formula")) observer?.observe(element);
  for (const each of element.querySelectorAll(".formula, .code pre > code")) observer?.observe(each);
  const code = element.matches(".code") ? element.querySelector("pre > code") : null;
  if (code) observer?.observe(code);
}

async function work() {
  busy = true;
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const source = sourceOf(next);
    if (source === undefined || made.get(next) === source) continue;
    made.set(next, source);
    await (next.matches(".formula") ? typeset(next, source) : colour(next, source)).catch(() => {});
    await turn();
  }
  busy = false;
}

/** @param {Element} code @param {string} source */
async function colour(code, source) {
  const language = /** @type {HTMLElement | null} */ (code.closest(".code"))?.dataset.language ?? "";
  /** @type {import("./colour.js").Piece[]} */
  const found = [];
  for await (const more of pieces(source, language)) {
    found.push(...more);
    await turn();
  }
  if (!found.length) return;
  void released(code).then(() => {
    // Meanwhile the text may have been drawn anew.
    if (sourceOf(code) === source) code.replaceChildren(coloured(code.ownerDocument, source, found));
  });
}

/** @param {Element} element @param {string} source */
async function typeset(element, source) {
  const set = await typesetter(element.ownerDocument);
  if (!set) return;
  // What KaTeX does not understand stays as it was written.
  const node = set(source, element.classList.contains("formula-display"));
  void released(element).then(() => {
    if (sourceOf(element) === source) element.replaceChildren(node);
  });
}

/** Lets the page do something else. @returns {Promise<void>} */
function turn() {
  return new Promise((resolve) => setTimeout(resolve));
}

/** When nothing in it is selected. @param {Element} element @returns {Promise<void>} */
function released(element) {
  const isHeld = () => {
    const selection = element.ownerDocument.getSelection();
    return selection !== null && !selection.isCollapsed && selection.containsNode(element, true);
  };
  if (!isHeld()) return Promise.resolve();
  return new Promise((resolve) => {
    const document = element.ownerDocument;
    document.addEventListener("selectionchange", function changed() {
      if (isHeld()) return;
      document.removeEventListener("selectionchange", changed);
      resolve();
    });
  });
}
