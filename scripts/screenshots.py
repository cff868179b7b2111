"""`make screenshots`: the pictures in docs/, drawn from the running product on data of its own.

It needs Chromium. Nothing of `var/` is touched; the local endpoint says what is prepared here.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import Browser, Page, expect, sync_playwright  # noqa: E402

from scripts.children import Children  # noqa: E402
from scripts.run import (  # noqa: E402
    HOST,
    answers,
    development_environment,
    free_port,
    manage,
    point_at_endpoint,
)
from streaming.localbedrock import Answer, Controlled, LocalBedrock  # noqa: E402
from tests.plugins.needs import MissingError, find_chromium  # noqa: E402

DOCS = ROOT / "docs"
MORE = DOCS / "screenshots"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}

QUESTION = "Which moons of Jupiter did Galileo see, and how do I compute where Io is?"
ANSWER = """\
Galileo saw four points of light beside Jupiter in **January 1610**. They moved from night to \
night, and they were moons:

| Moon | Diameter | Orbit | Known for |
|:-----|---------:|------:|:----------|
| Io | 3,643 km | 1.77 days | volcanoes |
| Europa | 3,122 km | 3.55 days | an ocean below the ice |
| Ganymede | 5,268 km | 7.15 days | being larger than Mercury |

Callisto is the fourth. For a first guess at Io, a circle at constant speed will do:

```python
def angle(days: float, period: float = 1.769) -> float:
    \"\"\"Degrees since the moon was last in front of Jupiter.\"\"\"
    return 360 * days / period % 360
```
"""
FOLLOW_UP = "What does that leave out?"
SECOND_ANSWER = """\
Three things, the largest first:

1. **The view from Earth** – Jupiter and the Earth move too, which shifts the angle over months.
2. **Light needs time** – between 35 and 52 minutes, so you see where Io *was*.
3. **The ellipse** – its orbit is not quite a circle, but you would hardly notice.
"""
PAST = (  # title, question, days ago
    ("Train times to Lyon", "How long does the train from Geneva to Lyon take?", 0),
    ("A letter to the landlord", "Help me write to my landlord about the heating.", 1),
    ("Regular expressions for dates", "A regular expression for ISO dates?", 1),
    ("Sourdough at altitude", "How do I bake sourdough at 2,000 metres?", 4),
    ("Notes on the budget meeting", "Sum up these notes, please.", 5),
    ("Names for a sailing boat", "Ten names for a small sailing boat.", 40),
)


def main() -> int:
    MORE.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        product(Path(folder)) as (origin, model),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--font-render-hinting=none"]
        )
        draw(browser, origin, model)
        browser.close()
    for path in (DOCS / "screenshot.png", *sorted(MORE.glob("*.png"))):
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1024} KiB")
    return 0


@contextmanager
def product(folder: Path) -> Iterator[tuple[str, LocalBedrock]]:
    """The server on an empty database of its own; (its origin, the model that answers it)."""
    port = free_port()
    for name in ("DATABASE_URL", "REDIS_URL", "ALLOWED_ORIGINS", "DEFAULT_SYSTEM_PROMPT"):
        os.environ.pop(name, None)
    os.environ |= {"VAR_DIR": str(folder), "LOG_LEVEL": "WARNING", "BEDROCK_DEMONSTRATION": "1"}
    environment = development_environment(port)
    children = Children()
    with LocalBedrock() as model:
        point_at_endpoint(environment, model.port)
        os.environ |= environment
        manage(environment, "migrate", "--verbosity", "0")
        manage(environment, "sync_models", quiet=True)
        prepare()
        children.start(
            "The server",
            *(sys.executable, "-m", "daphne", "-v", "0", "-b", HOST, "-p", str(port)),
            "chatsite.asgi:application",
            environment=environment,
        )
        try:
            answers(children, port)
            yield f"http://{HOST}:{port}", model
        finally:
            children.stop()


def prepare() -> None:
    """People, and what they asked on other days."""
    # Playwright's synchronous interface runs a loop in this thread, beside the ORM.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    os.environ["DJANGO_SETTINGS_MODULE"] = "chatsite.settings"
    import django

    django.setup()
    from django.utils import timezone

    from conversations.models import Conversation
    from tests.people import person, reviewer, talk

    alice = person("alice", first_name="Alice", last_name="Moreau")
    reviewer("carol")
    for title, question, days in reversed(PAST):
        conversation = talk(alice, question).conversation
        conversation.rename(title)
        moment = timezone.now() - timedelta(days=days)
        Conversation.objects.filter(pk=conversation.pk).update(updated_at=moment)


def draw(browser: Browser, origin: str, model: LocalBedrock) -> None:
    page = enter(browser, origin, "alice", viewport=DESKTOP)
    model.enqueue(Answer("The moons of Jupiter"), operation="Converse")
    ask(page, model, QUESTION, ANSWER)
    expect(page).to_have_title("The moons of Jupiter · Chat")
    path = page.url.removeprefix(origin)
    picture(page, DOCS / "screenshot.png")

    page.emulate_media(color_scheme="dark")
    script = model.enqueue(Controlled())
    page.get_by_role("textbox", name="Your message").fill(FOLLOW_UP)
    page.keyboard.press("Enter")
    script.emit(SECOND_ANSWER[:-40])
    expect(page.locator(".message").last.locator("li")).to_have_count(3)
    picture(page, MORE / "dark.png")
    script.emit(SECOND_ANSWER[-40:])
    script.stop()
    expect(page.locator(".message").last).to_have_attribute("data-status", "complete")

    phone = enter(
        browser,
        origin,
        "alice",
        path,
        viewport=PHONE,
        is_mobile=True,
        has_touch=True,
        device_scale_factor=2,
    )
    picture(phone, MORE / "phone.png")

    reader = enter(browser, origin, "carol", "/review/?q=galileo", viewport=DESKTOP)
    picture(reader, MORE / "review-search.png")
    reader.goto(path.replace("/c/", "/review/"))
    picture(reader, MORE / "review.png")

    page.emulate_media(color_scheme="light")
    page.goto("/settings/")
    picture(page, MORE / "settings.png")


def enter(browser: Browser, origin: str, name: str, path: str = "/", **options: Any) -> Page:
    """A page of somebody who is signed in."""
    from conversations.models import User
    from tests.socket.tab import session_of

    context = browser.new_context(base_url=origin, reduced_motion="reduce", **options)
    session = session_of(User.objects.get(username=name))
    context.add_cookies([{"name": "sessionid", "value": session, "url": origin}])
    page = context.new_page()
    page.goto(path)
    return page


def ask(page: Page, model: LocalBedrock, question: str, answer: str) -> None:
    model.enqueue(Answer(answer))
    page.get_by_role("textbox", name="Your message").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".message").last).to_have_attribute("data-status", "complete")
    expect(page).to_have_url(re.compile("/c/"))


def picture(page: Page, path: Path) -> None:
    page.evaluate("() => document.fonts.ready")
    page.screenshot(path=path, animations="disabled", caret="hide")


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except MissingError as missing:
        raise SystemExit(str(missing)) from missing
