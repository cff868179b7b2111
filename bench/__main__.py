"""Starts everything, measures in interleaved rounds, prints tables, writes JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import report
from bench.candidates import (
    BARE,
    NAIVE,
    PRODUCTS,
    Place,
    Server,
    make_people,
    running,
    start_endpoint,
)
from bench.limits import limits
from bench.measuring import Shape
from bench.probes import probes
from bench.processes import ROOT, cores, free_port
from bench.rounds import interleaved, wrong
from bench.site import Site


def main() -> None:
    options = parse()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        place = Place(folder, free_port())
        (folder / "static").mkdir()  # which production expects
        stack.callback(start_endpoint(place).stop)
        place.cookies = make_people(place.environment(), max(*options.streams, options.most))
        try:
            told = measurements(options, place)
        finally:
            show_log(place.log)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(told, indent=1))
    print(f"\nAll figures: {options.output}")
    if count := told["wrong"]:
        sys.exit(f"{count} answers were not whole or not saved.")


def measurements(options: argparse.Namespace, place: Place) -> dict[str, Any]:
    shape = Shape(deltas=options.deltas, rate=options.rate, spread=options.spread)
    told: dict[str, Any] = {"made": describe(), "shape": vars(shape), "wrong": 0}
    return told | (scaling if options.scale else beside_others)(options, place, shape)


def beside_others(options: argparse.Namespace, place: Place, shape: Shape) -> dict[str, Any]:
    products = [PRODUCTS[name] for name in options.server]
    others = [] if options.alone else [BARE, NAIVE]
    told: dict[str, Any] = {}
    if options.rounds:
        with ExitStack() as stack:
            servers = [Server(each, place) for each in [*products, *others]]
            for server in servers:
                stack.callback(server.stop)
            rounds = interleaved(servers, place, shape, options.streams, options.rounds)
        told["rounds"] = rounds
        told["wrong"] = wrong(rounds)
        show(report.table(rounds))
        show(report.ratios(rounds, [p.name for p in products], [o.name for o in others]))
    if options.most:
        told["limits"] = {}
        for product in products:
            with running(Server(product, place)) as server:
                told["limits"][product.name] = limits(server, place, options.most)
        show(report.limits(told["limits"]))
    return told


def scaling(options: argparse.Namespace, place: Place, shape: Shape) -> dict[str, Any]:
    """Several processes beside one."""
    told: dict[str, Any] = {}
    with ExitStack() as stack:
        site = stack.enter_context(running(Site(place, len(place.cookies))))
        if options.rounds:
            one = stack.enter_context(running(Server(PRODUCTS["daphne"], place)))
            rounds = interleaved([one, site], place, shape, options.streams, options.rounds)
            told["rounds"] = rounds
            told["wrong"] = wrong(rounds)
            show(report.table(rounds))
            show(report.scale(rounds, one.candidate.name, site.candidate.name))
        told["probes"] = probes(site, min(50, len(place.cookies)))
        show(report.probes(told["probes"]))
        if options.most:
            told["limits"] = {site.candidate.name: limits(site, place, options.most)}
            show(report.limits(told["limits"]))
    return told


def show_log(log: Path) -> None:
    lines = log.read_text().splitlines()
    if lines:
        print(f"\nThe programs wrote {len(lines)} lines; the last ones:", file=sys.stderr)
        print(*(line[:300] for line in lines[-5:]), sep="\n", file=sys.stderr)


def describe() -> dict[str, Any]:
    load = os.getloadavg()
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(["python -m bench", *sys.argv[1:]]),
        "python": platform.python_version(),
        "machine": f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "server_cores": sorted(cores()[0]),
        "other_cores": sorted(cores()[1]),
        "load_before": [round(each, 2) for each in load],
    }


def show(lines: list[str]) -> None:
    print("\n" + "\n".join(lines), flush=True)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    numbers = lambda text: [int(each) for each in text.split(",")]  # noqa: E731
    words = lambda text: text.split(",")  # noqa: E731
    parser.add_argument(
        "--scale",
        action="store_true",
        help="several processes, on PostgreSQL and Redis, beside one",
    )
    parser.add_argument("--streams", type=numbers, default=[1, 50, 150], metavar="N,N,…")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--server", type=words, default=["daphne", "uvicorn"])
    parser.add_argument("--deltas", type=int, default=400, help="of an answer (%(default)s)")
    parser.add_argument("--rate", type=float, default=40.0, help="deltas a second (%(default)s)")
    parser.add_argument(
        "--spread", type=float, default=4.0, help="seconds over which the starts are spread"
    )
    parser.add_argument(
        "--most", type=int, default=600, help="streams tried on one core; 0: no such search"
    )
    parser.add_argument("--alone", action="store_true", help="only the product")
    parser.add_argument("--quick", action="store_true", help="one short round in a minute or two")
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    if options.output is None:
        options.output = ROOT / "var" / ("bench-scale.json" if options.scale else "bench.json")
    if options.quick:
        options.rounds, options.deltas, options.spread, options.most = 1, 200, 2.0, 0
    return options


if __name__ == "__main__":
    started = time.monotonic()
    main()
    print(f"It took {time.monotonic() - started:.0f} seconds.")
