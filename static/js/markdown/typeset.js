/**
 * Formulas as KaTeX sets them. Its tree is looked through before it becomes nodes: no picture, no
 * link, and no style in an attribute, which the page's rules forbid.
 */

/** What is longer is a mistake, or meant to take long. */
const LONGEST = 2_000;

/** @type {Promise<((tex: string, display: boolean) => Node) | null> | undefined} */
let loading;

/** @param {Document} document @returns {Promise<((tex: string, display: boolean) => Node) | null>} null where it cannot be had */
export function typesetter(document) {
  loading ??= load(document).catch(() => {
    loading = undefined;
    return null;
  });
  return loading;
}

/** @param {Document} document */
async function load(document) {
  const [{ treeOf }] = await Promise.all([import("../../vendor/formulas.js"), styles(document)]);
  return (/** @type {string} */ tex, /** @type {boolean} */ display) => {
    if (tex.length > LONGEST) throw new RangeError("a formula that long");
    const tree = treeOf(tex, {
      displayMode: display,
      throwOnError: true,
      strict: "ignore",
      trust: false,
      maxExpand: 500,
      maxSize: 20,
    });
    check(tree);
    return tree.toNode();
  };
}

/** The page names its style sheet, switched off. @param {Document} document @returns {Promise<void>} */
function styles(document) {
  const link = /** @type {HTMLLinkElement | null} */ (document.getElementById("formula-styles"));
  if (!link) return Promise.reject(new Error("The page has no style sheet of formulas."));
  if (!link.disabled) return Promise.resolve();
  return new Promise((resolve, reject) => {
    link.addEventListener("load", () => resolve(), { once: true });
    link.addEventListener("error", reject, { once: true });
    link.disabled = false;
  });
}

/** @param {any} node of KaTeX's tree */
function check(node) {
  if ("src" in node || node.attributes?.href) throw new TypeError("a formula that loads or leads");
  delete node.attributes?.style;
  for (const child of node.children ?? []) check(child);
}
