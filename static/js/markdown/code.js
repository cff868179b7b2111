/** Code and formulas, before colours and typesetting: what they say is there at once. */
import { gettext } from "../i18n.js";
import { element } from "./element.js";

/** @param {string} text @param {string} info what was written behind the fence */
export function codeBlock(text, info) {
  const language = /^[^\s{]*/.exec(info.trim())?.[0].slice(0, 40) ?? "";
  return element("div", { class: "code", "data-language": language.toLowerCase() }, [
    element("div", { class: "code-head" }, [
      element("span", { class: "code-language" }, [language || gettext("Text")]),
      button("wrap-code", gettext("Wrap"), { "aria-pressed": "false" }),
      button("save-code", gettext("Download")),
      button("copy-code", gettext("Copy")),
    ]),
    element("pre", { tabindex: "0" }, [{ ...element("code", {}, [text]), source: text }]),
  ]);
}

/** @param {string} act @param {string} words @param {Record<string, string>} [more] */
function button(act, words, more = {}) {
  return element("button", { type: "button", class: "code-button", "data-act": act, ...more }, [words]);
}

/**
 * @param {string} tex
 * @param {string} mark that it was written with
 * @param {boolean} block whether it stands by itself
 */
export function formula(tex, mark, block) {
  const shown = mark === "$$" || mark === "\\[" ? "formula formula-display" : "formula";
  return { ...element(block ? "div" : "span", { class: shown }, [element("code", {}, [tex])]), source: tex };
}
