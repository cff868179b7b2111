"""The image and the compose file, as far as they can be held without a Docker engine."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import deployment
from tests.deployment import ROOT, compose, procfile, stages

pytestmark = pytest.mark.nodb

OURS = ("web", "worker", "background", "beat", "release")
PATIENCE = 120


def run(*command: str, environment: dict[str, str], folder: Path = ROOT) -> str:
    """Runs it as a container would: with that environment and nothing of ours."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    ended = subprocess.run(
        command,
        cwd=folder,
        env={**kept, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


# --- docker-compose.yml -------------------------------------------------------------------------


def test_the_compose_file_is_one_by_the_compose_specification() -> None:
    tool = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec")
    run(*tool, "docker-compose.yml", environment={})


def test_a_compose_file_that_is_none_would_be_noticed(tmp_path: Path) -> None:
    """Guards the guard."""
    wrong = tmp_path / "docker-compose.yml"
    wrong.write_text("services: {web: {image: 5, comand: [x]}}")
    tool = (sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec")
    with pytest.raises(AssertionError, match="comand"):
        run(*tool, str(wrong), environment={})


def test_everything_that_the_product_needs_is_a_service() -> None:
    services = compose()["services"]
    assert set(services) == {*OURS, "proxy", "postgres", "redis"}
    assert services["web"]["deploy"]["replicas"] == 2


def test_containers_start_the_processes_of_the_procfile_and_no_others() -> None:
    services = compose()["services"]
    assert set(procfile()) == set(OURS)
    for name in OURS:
        assert services[name]["command"] == ["sh", "deploy/process.sh", name]


def test_nothing_starts_before_what_it_needs() -> None:
    """R100: the database is brought up to date once, before anything reads it."""
    services = compose()["services"]
    healthy = {"postgres": "service_healthy", "redis": "service_healthy"}
    for name in OURS:
        waits = {on: how["condition"] for on, how in services[name]["depends_on"].items()}
        done = {} if name == "release" else {"release": "service_completed_successfully"}
        assert waits == {**healthy, **done}, name
    for name in ("postgres", "redis", "worker", "background", "proxy"):
        assert services[name]["healthcheck"]["test"], name


def test_no_secret_is_written_into_the_compose_file() -> None:
    """R34: they come from the environment, and what is missing is named."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    for name in deployment.SECRETS:
        assert f"${{{name}:?" in text
        with pytest.raises(KeyError, match=name):
            deployment.environment("web", {name: ""})
    secret = re.compile(r"^\s*\w*(?:PASSWORD|SECRET_KEY|_TOKEN)\w*:[ \t]*(?!\$\{)\S", re.MULTILINE)
    assert not secret.findall(text)


def test_every_variable_of_a_container_is_one_that_the_product_knows() -> None:
    explained = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    for name in OURS:
        given = compose()["services"][name]["environment"]
        assert [each for each in given if f"`{each}`" not in explained] == []


# Set by the image, or of no use in a container of production.
NOT_PASSED_ON = {"AWS_PROFILE", "BEDROCK_LOCAL", "DEBUG", "DEBUG_PAGES", "PORT", "STATIC_ROOT"}


def test_every_variable_of_the_product_can_be_set_for_its_containers() -> None:
    """Or a limit in .env would be one that nobody keeps, without a word."""
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    known = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", example, re.MULTILINE))
    for name in OURS:
        given = set(compose()["services"][name]["environment"])
        assert sorted(known - given - NOT_PASSED_ON - {"VAR_DIR"}) == [], name


def test_every_variable_of_the_compose_file_is_explained() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    explained = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    names = set(re.findall(r"\$\{(\w+)", text))
    settings = set(compose()["services"]["web"]["environment"])
    assert [name for name in sorted(names - settings) if f"`{name}`" not in explained] == []


def test_a_container_of_ours_can_do_no_more_than_it_must() -> None:
    services = compose()["services"]
    for name in OURS:
        service = services[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert "ports" not in service
    for name in ("postgres", "redis"):
        assert services[name]["networks"] == ["inside"]
        assert "ports" not in services[name]
    assert compose()["networks"]["inside"]["internal"] is True


def test_a_web_process_has_the_time_that_it_takes_to_end() -> None:
    """R13, R50: Docker kills what is still there after the grace period."""
    documented = (ROOT / ".env.example").read_text(encoding="utf-8")
    seconds = re.search(r"^#SHUTDOWN_SECONDS=(\d+)$", documented, re.MULTILINE)
    assert seconds is not None
    for name in ("web", "worker", "background"):
        grace = int(compose()["services"][name]["stop_grace_period"].removesuffix("s"))
        assert grace >= int(seconds[1]) + 15, name


def test_redis_wants_a_password() -> None:
    """R55"""
    redis = compose()["services"]["redis"]
    assert "--requirepass" in redis["command"][-1]
    environment = deployment.environment("web")
    assert "redis://:77ab03@redis" in environment["REDIS_URL"]
    assert "redis://:77ab03@redis" in environment["CELERY_BROKER_URL"]


def test_the_proxy_lets_nobody_through_to_the_figures() -> None:
    """R109"""
    proxy = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    assert re.search(r"location = /metrics \{\s*return 404;\s*\}", proxy)


# --- the Procfile -------------------------------------------------------------------------------


def test_a_process_replaces_the_shell_that_starts_it(tmp_path: Path) -> None:
    """R50: a signal for the container reaches the server, not a shell in front of it."""
    program = tmp_path / "daphne"
    program.write_text('#!/bin/sh\necho "$$ $*"\n')
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "PORT": "4711"}
    with subprocess.Popen(
        ("sh", "deploy/process.sh", "web"), cwd=ROOT, env=environment, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        pid, _, arguments = process.stdout.read().decode().partition(" ")
    assert int(pid) == process.pid
    assert "-b 127.0.0.1 -p 4711 chatsite.asgi:application" in arguments


def test_an_unknown_process_is_told_in_words() -> None:
    ended = subprocess.run(
        ("sh", "deploy/process.sh", "wep"), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert "no process 'wep'; it has: release web worker background beat" in ended.stderr


# --- the Dockerfile -----------------------------------------------------------------------------


def test_the_dockerfile_is_one() -> None:
    tool = ROOT / "node_modules" / ".bin" / "dockerfile-utils"
    run(str(tool), "lint", "Dockerfile", environment={})


def test_the_image_runs_as_nobody_in_particular_and_says_how_it_is() -> None:
    *builders, last = stages()
    assert len(builders) == 2, "what builds stays behind"
    users = [rest for instruction, rest in last if instruction == "USER"]
    assert users == ["10001"]
    assert [name for name, _ in last].index("USER") > max(
        number for number, (name, _) in enumerate(last) if name in {"RUN", "COPY"}
    )
    health = next(rest for name, rest in last if name == "HEALTHCHECK")
    assert json.loads(health[health.index("[") :]) == ["python", "deploy/healthcheck.py"]
    assert json.loads(last[-1][1]) == ["sh", "deploy/process.sh", "web"]


def test_packages_of_the_image_are_those_of_the_locks() -> None:
    """R40"""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes --requirement requirements.txt" in text
    assert "npm ci" in text
    assert "npm install" not in text


def test_no_secret_and_no_private_file_gets_into_the_image() -> None:
    """R34"""
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [rule for rule in rules if rule and not rule.startswith("#")]
    assert rules[0] == "*", "only what is named is let in"
    named = {rule[1:] for rule in rules if rule.startswith("!")}
    assert not {name for name in named if name.startswith((".env", "var", "tests", ".git"))}
    assert not [name for name in named if not (ROOT / name).exists()]
    kept = {rest.split("=")[0] for stage in stages() for name, rest in stage if name == "ENV"}
    assert not {"SECRET_KEY", "ALLOWED_HOSTS"} & kept


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the image's last stage, with its RUN line carried out."""
    folder = tmp_path_factory.mktemp("image")
    deployment.copy_context(folder)
    shutil.copytree(ROOT / "static" / "vendor", folder / "static" / "vendor")
    collect = next(rest for name, rest in stages()[-1] if name == "RUN" and "collectstatic" in rest)
    python = Path(sys.executable).parent
    run(
        *("sh", "-c", collect),
        environment={
            "PATH": f"{python}:{os.environ['PATH']}",
            "STATIC_ROOT": str(folder / "collected"),
            "VAR_DIR": str(folder / "var"),
        },
        folder=folder,
    )
    return folder


def test_the_image_has_all_that_the_product_imports(image: Path) -> None:
    assert (image / "collected" / "staticfiles.json").exists()
    assert not list(image.rglob(".env*"))
    assert not (image / "tests").exists()


def test_production_settings_of_the_compose_file_pass_every_check(image: Path) -> None:
    """R91: with the environment of a container, zero warnings."""
    environment = deployment.environment("web") | {
        "STATIC_ROOT": str(image / "collected"),
        "VAR_DIR": str(image / "var"),
        "AWS_REGION": "eu-central-1",
    }
    check = ("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    told = run(sys.executable, *check, environment=environment, folder=image)
    assert "no issues" in told


def test_every_import_of_a_hashed_module_leads_to_a_hashed_module(image: Path) -> None:
    """A page of one version never gets a module of another out of a cache (R99)."""
    collected = image / "collected"
    manifest = json.loads((collected / "staticfiles.json").read_text(encoding="utf-8"))["paths"]
    modules = {name: manifest[name] for name in manifest if re.match(r"(js|vendor)/.*\.js$", name)}
    assert "js/chat.js" in modules
    assert "vendor/markdown.js" in modules
    hashed = set(modules.values())
    imported = set()
    for module in hashed:
        text = (collected / module).read_text(encoding="utf-8")
        for target in re.findall(r'^(?:import|export)\b[^"\n]*?"(\.[^"]+)"', text, re.MULTILINE):
            path = os.path.normpath(Path(module).parent / target)
            imported.add(path)
            assert path in hashed, f"{module} imports {target}"
    assert len(imported) > 15
