/** From a result of the search to its message: what was found is marked on the page that shows it. */
import { Notes } from "./storage.js";

const NOTE = "found";

/** For the page that comes next. @param {{text: string, hit: boolean}[]} excerpt */
export function leaveFound(excerpt) {
  const words = [...new Set(excerpt.filter((piece) => piece.hit).map((piece) => piece.text))];
  new Notes().leave(NOTE, JSON.stringify(words));
}

/**
 * Marks a message, and in it the words that led here, without changing what is in it.
 * @param {Element | null} message
 */
export function markFound(message) {
  const left = new Notes().take(NOTE);
  if (!message || !left) return;
  message.classList.add("is-found");
  const ranges = placesOf(message, JSON.parse(left));
  if (ranges.length && "highlights" in CSS) CSS.highlights.set("found", new Highlight(...ranges));
  ranges[0]?.startContainer.parentElement?.scrollIntoView({ block: "center" });
}

/** @param {Element} message @param {string[]} words */
export function placesOf(message, words) {
  const ranges = [];
  const wanted = words.map((word) => word.toLowerCase()).filter(Boolean);
  const root = message.querySelector(".message-text") ?? message;
  const nodes = document.createTreeWalker(root, 4 /* text */);
  while (nodes.nextNode()) {
    const node = /** @type {Text} */ (nodes.currentNode);
    const text = node.data.toLowerCase();
    // Where lower case has another length, places would be beside the words.
    if (text.length !== node.data.length) continue;
    for (const word of wanted) {
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
        const range = document.createRange();
        range.setStart(node, at);
        range.setEnd(node, at + word.length);
        ranges.push(range);
      }
    }
  }
  return ranges;
}
