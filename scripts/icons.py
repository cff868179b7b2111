"""The icons of the installed site: `python -m scripts.icons` draws them from icon.svg."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parent.parent / "static" / "img"


def drawn(page: Page, svg: str, side: int) -> bytes:
    page.set_viewport_size({"width": side, "height": side})
    page.set_content(f"<style>body{{margin:0}}svg{{display:block;width:100vw}}</style>{svg}")
    return page.screenshot(omit_background=True)


def filled(svg: str) -> str:
    """To its edges: a device cuts it into a shape of its own. The mark is in what stays of any."""
    return re.sub(r' rx="\d+"', "", svg, count=1)


def main() -> int:
    svg = (IMAGES / "icon.svg").read_text(encoding="utf-8")
    browser_path = shutil.which("chromium") or shutil.which("chromium-browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page()
        for name, each, side in (
            ("icon-192.png", svg, 192),
            ("icon-512.png", svg, 512),
            ("icon-maskable-192.png", filled(svg), 192),
            ("icon-maskable-512.png", filled(svg), 512),
            ("icon-apple-180.png", filled(svg), 180),
        ):
            (IMAGES / name).write_bytes(drawn(page, each, side))
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
