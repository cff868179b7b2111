"""The benchmark runs and reports; what it measures is no test's business."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.reading import figures, spread
from bench.report import ratios, table

pytestmark = pytest.mark.nodb
ROOT = Path(__file__).resolve().parent.parent
DELTAS = 20


def test_a_small_run_measures_every_candidate_and_loses_no_text(tmp_path: Path) -> None:
    """Two people, all three kinds of servers, one round."""
    output = tmp_path / "bench.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench", "--server", "daphne", "--streams", "2"),
            *("--rounds", "1", "--deltas", str(DELTAS), "--spread", "0.1"),
            *("--most", "0", "--output", str(output)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(output.read_text())
    assert told["wrong"] == 0
    (round_,) = told["rounds"]
    assert round_.keys() == {"2"}
    assert round_["2"].keys() == {"product on Daphne", "bare loop", "naive consumer"}
    for cell in round_["2"].values():
        assert cell["deltas"] == 2 * DELTAS
        assert cell["troubles"] == cell["not_saved"] == 0
        assert cell["cpu"] > 0
        for name in ("latency_ms", "first_ms"):
            assert cell[name].keys() == {"p50", "p90", "p99", "max"}
    assert "| 2 | product on Daphne |" in done.stdout
    assert "| 2 | product on Daphne / bare loop |" in done.stdout


@pytest.mark.redis
@pytest.mark.postgres
@pytest.mark.soak
def test_a_small_run_in_scale_mode_measures_all_that_several_processes_have(
    tmp_path: Path, redis_url: str
) -> None:
    """Two people, one round; they come back, stop, and outlive a worker."""
    output = tmp_path / "bench.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "bench", "--scale", "--streams", "2", "--rounds", "1"),
            *("--deltas", str(DELTAS), "--spread", "0.1", "--most", "0", "--output", str(output)),
        ],
        cwd=ROOT,
        # Not the Redis of other tests: their workers would take these answers.
        env=os.environ | {"REDIS_URL": redis_url.rpartition("/")[0] + "/11", "LEASE_SECONDS": "2"},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(output.read_text())
    assert told["wrong"] == 0
    cells = told["rounds"][0]["2"]
    assert cells.keys() == {"product on Daphne", "product, several processes"}
    several = cells["product, several processes"]
    assert several["deltas"] == 2 * DELTAS
    ours = [several["parts"][name] for name in ("web", "worker", "background", "redis")]
    assert min(ours) > 0
    assert several["cpu"] == pytest.approx(sum(ours))
    assert told["probes"].keys() == {"resume", "stop", "recovery"}
    for figures_ in told["probes"].values():
        assert 0 < figures_["p50"] <= figures_["max"]
    assert told["probes"]["recovery"]["max"] < 15_000
    assert "| recovery |" in done.stdout


def frame(kind: str, **fields: object) -> bytes:
    return json.dumps({"type": kind, **fields}).encode()


def test_every_delta_of_an_update_counts_with_its_own_delay() -> None:
    """Times are in µs; the text says when the model sent each of its deltas."""
    text = "1000 ...2000 ..."
    heard = [
        (4_000, frame("delta", seq=1, text=text)),
        (9_000, frame("finished", seq=2, status="complete")),
    ]
    told = figures([(500, heard, "")], deltas=2, size=8)
    assert told["troubles"] == 0
    assert told["deltas"] == 2
    assert told["latency_ms"]["max"] == 3.0
    assert told["first_ms"]["p50"] == 3.5
    assert told["before_model_ms"]["p50"] == 0.5


@pytest.mark.parametrize(
    ("frames", "trouble"),
    [
        ([frame("delta", seq=1, text="1000 ...")], "1 of 2 deltas"),
        ([frame("delta", seq=3, text="1000 ...2000 ...")], "a gap: 3 after 0"),
        ([frame("delta", seq=1, text="2000 ...1000 ...")], "the text is not in order"),
        ([frame("refused", code="busy")], "refused: busy"),
        ([frame("finished", seq=1, status="failed", error=None)], "failed: None"),
    ],
)
def test_an_answer_that_is_not_whole_is_told(frames: list[bytes], trouble: str) -> None:
    told = figures([(0, [(5_000, each) for each in frames], "")], deltas=2, size=8)
    assert told["trouble"] == [trouble]


def test_the_spread_of_nothing_is_none() -> None:
    assert spread([]) is None
    assert spread([3.0, 1.0, 2.0]) == {"p50": 2.0, "p90": 3.0, "p99": 3.0, "max": 3.0}


def test_ratios_compare_within_a_round_only() -> None:
    """Medians of paired ratios, not ratios of medians."""

    def cell(cpu: float) -> dict[str, object]:
        return (
            {
                "cpu": cpu,
                "steady_cpu": cpu,
                "answer_ms": 1.0,
                "frames": 1,
                "deltas": 1,
                "machine": 1.0,
            }
            | dict.fromkeys(("first_ms", "latency_ms"))
            | {"troubles": 0, "not_saved": 0}
        )

    rounds = [{1: {"mine": cell(mine), "bare": cell(bare)}} for mine, bare in ((1, 2), (30, 30))]
    assert ratios(rounds, ["mine"], ["bare"])[-1] == (
        "| 1 | mine / bare | 0.75 (0.50–1.00) | 0.75 (0.50–1.00) |"
    )
    assert table(rounds)[-1].startswith("| 1 | bare | 16.0 (2.0–30.0) |")
