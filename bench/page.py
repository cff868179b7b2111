"""The page in Chromium: how it opens, and whether a long answer that is streamed to it holds it up.

    python -m bench.page            or: make bench PAGE=1

The product is started as by `make run`, on data of its own; the local endpoint says what is given.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from bench.processes import ROOT
from scripts.screenshots import enter, product
from streaming.localbedrock import Answer, LocalBedrock
from tests.plugins.needs import find_chromium

RATE = 100  # deltas a second
DELTA = 100  # characters
PATIENCE = 180_000  # milliseconds

# Before anything of the page runs: what it keeps the reader waiting for.
OBSERVE = """
window.told = {long: [], shift: 0, paint: 0};
const hear = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take))
  .observe({type, buffered: true});
hear("longtask", (entry) => told.long.push([entry.startTime, entry.duration]));
hear("layout-shift", (entry) => { if (!entry.hadRecentInput) told.shift += entry.value; });
hear("paint", ({name, startTime}) => {
  if (name === "first-contentful-paint") told.paint = startTime;
});
"""
SELECT = """() => {
  const node = document.createTreeWalker(
    document.querySelector(".message:last-of-type .message-text p"), 4).nextNode();
  getSelection().setBaseAndExtent(node, 0, node, 9);
  window.frames = 0;
  const count = () => { window.frames += 1; requestAnimationFrame(count); };
  count();
  return String(getSelection());
}"""


def piece(number: int) -> str:
    """Two kilobytes of what answers have: words, a list, a table, code, a formula."""
    words = "The moon pulls at the **sea**, and the sea *answers* twice a day; see `tide()`. " * 6
    rows = "".join(f"| Port {each} | {each}.5 m | {number} |\n" for each in range(8))
    code = "".join(f"    height += tide({each}) * {number}  # metres\n" for each in range(8))
    return (
        f"## Part {number}\n\n{words}\n\n1. First \\(x_{number}\\)\n2. Second\n   - and *this*\n\n"
        f"| Port | Height | No |\n|:--|--:|--:|\n{rows}\n"
        f"```python\ndef sum{number}():\n{code}```\n\n"
    )


def text(size: int) -> str:
    made = ""
    number = 0
    while len(made) < size:
        made += piece(number := number + 1)
    return made[:size]


def streamed(page: Page, model: LocalBedrock, size: int) -> dict[str, Any]:
    """An answer of so many characters, while somebody has selected a word and scrolled up."""
    answer = text(size)
    deltas = [answer[at : at + DELTA] for at in range(0, size, DELTA)]
    model.enqueue(Answer(deltas=deltas, pace=RATE, whole=True))
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable")
    page.goto("/")
    page.get_by_role("textbox", name="Your message").fill("Tell me about tides.")
    before = measured(session)
    page.keyboard.press("Enter")
    last = page.locator(".message").last
    last.locator("h4, h3").nth(1).wait_for(timeout=PATIENCE)
    begun = page.evaluate("() => performance.now()")
    chosen = page.evaluate(SELECT)
    page.locator("#scroller").evaluate("s => { s.scrollTop = 40; }")
    page.wait_for_timeout(200)
    place = page.locator("#scroller").evaluate("s => s.scrollTop")
    page.wait_for_function(
        "() => document.querySelector('.message:last-of-type').dataset.status === 'complete'",
        timeout=PATIENCE,
    )
    after = measured(session)
    long = [duration for start, duration in page.evaluate("() => told.long") if start > begun]
    return {
        "kilobytes": size // 1000,
        "longest_ms": round(max(long, default=0)),
        "over_50_ms": len(long),
        "scripting_ms": round(1000 * (after["ScriptDuration"] - before["ScriptDuration"])),
        "tasks_ms": round(1000 * (after["TaskDuration"] - before["TaskDuration"])),
        "frames": page.evaluate("() => window.frames"),
        "selection_kept": page.evaluate("() => String(getSelection())") == chosen != "",
        "scroll_kept": page.locator("#scroller").evaluate("s => s.scrollTop") == place,
    }


def measured(session: Any) -> dict[str, float]:
    told = session.send("Performance.getMetrics")["metrics"]
    return {each["name"]: each["value"] for each in told}


def opened(browser: Browser, origin: str, path: str) -> dict[str, Any]:
    """A page that is opened with an empty cache."""
    page = enter(browser, origin, "alice", "about:blank")
    page.add_init_script(OBSERVE)
    page.goto(path)
    page.wait_for_function("() => told.paint > 0", timeout=PATIENCE)
    page.wait_for_timeout(1_500)
    told = page.evaluate("() => told")
    navigation = "() => performance.getEntriesByType('navigation')[0].toJSON()"
    times = page.evaluate(navigation)
    shown = page.locator(".message").count()
    page.context.close()
    return {
        "first_byte_ms": round(times["responseStart"]),
        "first_paint_ms": round(told["paint"]),
        "loaded_ms": round(times["loadEventEnd"]),
        "blocking_ms": round(sum(max(0, each - 50) for _, each in told["long"])),
        "layout_shift": round(told["shift"], 4),
        "messages_shown": shown,
    }


def long_conversation(messages: int) -> str:
    """The path of one that has so many messages."""
    from conversations.models import Message, User
    from tests.people import talk

    conversation = talk(User.objects.get(username="alice"), "How do tides work?").conversation
    parent = conversation.messages.latest("id")
    for number in range(messages - conversation.messages.count()):
        role = "user" if parent.role == "assistant" else "assistant"
        words = piece(number)[:1_500] if role == "assistant" else f"And what about port {number}?"
        parent = Message.objects.create(
            conversation=conversation, role=role, text=words, parent=parent
        )
    return f"/c/{conversation.pk}/"


def medians(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    first = rounds[0]
    return {
        name: all(each[name] for each in rounds)
        if isinstance(first[name], bool)
        else median(each[name] for each in rounds)
        for name in first
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.page", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", default="50,100,200", help="kilobytes of the answers")
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--output", type=Path, default=ROOT / "var" / "bench-page.json")
    options = parser.parse_args()
    told: dict[str, Any] = {"load_before": os.getloadavg(), "streamed": [], "opened": {}}
    with (
        tempfile.TemporaryDirectory() as folder,
        product(Path(folder)) as (origin, model),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        path = long_conversation(options.messages)
        for name, where in (("a new one", "/"), (f"{options.messages} messages", path)):
            rounds = [opened(browser, origin, where) for _ in range(options.rounds)]
            told["opened"][name] = medians(rounds)
            print(name, told["opened"][name], flush=True)
        for size in (1_000 * int(each) for each in options.sizes.split(",")):
            page = enter(browser, origin, "alice", "about:blank")
            page.set_default_timeout(PATIENCE)
            page.add_init_script(OBSERVE)
            rounds = [streamed(page, model, size) for _ in range(options.rounds)]
            page.context.close()
            told["streamed"].append(medians(rounds))
            print(told["streamed"][-1], flush=True)
        browser.close()
    told["load_after"] = os.getloadavg()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(told, indent=1))
    print(f"Load of the machine {told['load_before']} to {told['load_after']}. {options.output}")


if __name__ == "__main__":
    main()
