"""What the product counts: in the test's own process, or as Prometheus is told it."""

from __future__ import annotations

from urllib.request import Request, urlopen

from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

TOKEN = "a-token-of-the-scraper-in-tests"


def figure(name: str, **labels: str) -> float:
    """A counter of this process; 0 where nothing was counted yet."""
    return REGISTRY.get_sample_value(f"chat_{name}_total", labels) or 0.0


class Scrape:
    """The text that a process answers with."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._samples = [
            sample for family in text_string_to_metric_families(text) for sample in family.samples
        ]

    def __call__(self, name: str, **labels: str) -> float:
        """The sum of what has these labels; names without ``chat_``."""
        return sum(
            sample.value
            for sample in self._samples
            if sample.name == f"chat_{name}" and labels.items() <= sample.labels.items()
        )

    @property
    def names(self) -> set[str]:
        return {sample.name for sample in self._samples}

    @property
    def labels(self) -> set[str]:
        return {value for sample in self._samples for value in sample.labels.values()}


def scrape(port: int, token: str = TOKEN) -> Scrape:
    asked = Request(
        f"http://127.0.0.1:{port}/metrics", headers={"Authorization": f"Bearer {token}"}
    )
    with urlopen(asked, timeout=30) as answer:  # noqa: S310  (our own server)
        return Scrape(answer.read().decode())
