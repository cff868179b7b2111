"""axe-core in a page: which rules of WCAG 2.2 AA it breaks, said so that one finds the place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

# Transitions would be measured in the middle; what is asked for is told, not the whole page.
RUN = """async (only) => {
  for (const animation of document.getAnimations())
    if (animation.effect.getComputedTiming().endTime !== Infinity) animation.finish();
  const options = { runOnly: only, resultTypes: ["violations"], preload: false, iframes: false };
  const { violations } = await axe.run(document, options);
  const why = ({ any, all, none }) => [...any, ...all, ...none].map((check) => check.message);
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => [id, help, node.target.join(" "), ...why(node)].join(" | ")));
}"""


def violations(page: Page, *, rules: list[str] | None = None) -> list[str]:
    """Of all rules of WCAG 2.2 AA, or of these. The source comes past the page's policy."""
    if page.evaluate("() => typeof axe") == "undefined":
        page.evaluate(SOURCE.read_text(encoding="utf-8"))
    only: dict[str, Any] = (
        {"type": "rule", "values": rules} if rules else {"type": "tag", "values": RULES}
    )
    found: list[str] = page.evaluate(RUN, only)
    return found


def in_both_themes(page: Page) -> list[str]:
    """All rules in the light, and what colours decide in the dark too."""
    page.emulate_media(color_scheme="light")
    light = violations(page)
    page.emulate_media(color_scheme="dark")
    dark = violations(page, rules=["color-contrast", "link-in-text-block"])
    page.emulate_media(color_scheme="light")
    return [f"light: {each}" for each in light] + [f"dark: {each}" for each in dark]
