/** Pages that only show messages: their Markdown is drawn as in the chat. */
import { copy } from "./copy.js";
import { Markdown } from "./markdown/markdown.js";

for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-markdown]"))) {
  const text = element.textContent ?? "";
  element.replaceChildren();
  new Markdown(element).draw(text, { final: true });
}

document.addEventListener("click", async (event) => {
  const button = /** @type {Element} */ (event.target).closest('[data-act="copy-code"]');
  const code = button?.closest(".code")?.querySelector("pre")?.textContent ?? "";
  if (button && (await copy(code))) button.textContent = "Copied";
});
