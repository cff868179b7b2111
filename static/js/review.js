/** Pages that only show messages: their Markdown is drawn as in the chat. */
import { listen } from "./markdown/actions.js";
import { embellish } from "./markdown/embellish.js";
import { Markdown } from "./markdown/markdown.js";
import { Painter } from "./painter.js";

const undrawn = [...document.querySelectorAll("[data-markdown]")].map((element) => ({
  element,
  text: element.textContent ?? "",
  markdown: new Markdown(element, embellish),
}));

const painter = new Painter(() => {
  const next = undrawn[0];
  if (!next) return true;
  if (!next.element.classList.contains("is-drawn")) next.element.replaceChildren();
  if (next.markdown.draw(next.text, { final: true })) undrawn.shift();
  return undrawn.length === 0;
});

painter.ask();
listen(document.body);
