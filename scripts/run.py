"""`make run`: everything that a person needs to try the product on this machine.

Fills in development values, starts the local Bedrock endpoint where no AWS account is in sight,
brings the database up to date, starts the server, and tells where to go. Ctrl-C ends it all.
"""

from __future__ import annotations

import os
import secrets
import socket
import subprocess
import sys
import time
from pathlib import Path

from dotenv import load_dotenv

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts.children import Children, follow_parent  # noqa: E402

HOST = "127.0.0.1"
START_SECONDS = 60
GOAL = Path(sys.argv[0]).stem  # of make: run, or scale


class ProblemError(Exception):
    """Why it cannot start, in words for the person at the terminal."""


class StoppedError(Exception):
    """Ctrl-C, before everything was started."""


def main() -> int:
    if "MAKELEVEL" in os.environ:
        follow_parent(os.getppid())
    load_dotenv(ROOT / ".env")
    children = Children()
    try:
        return run(children)
    except StoppedError:
        print(f"\n{told('', 0)}", flush=True)
        return 0
    except ProblemError as problem:
        print(f"\n{problem}", file=sys.stderr, flush=True)
        return 1
    finally:
        children.stop()


def run(children: Children) -> int:
    port = chosen_port()
    if not (ROOT / "static" / "vendor" / "markdown.js").exists():
        raise ProblemError("The front-end libraries are not built: start with `make run`.")
    environment = development_environment(port)
    model = choose_model(environment)
    if "BEDROCK_DEMONSTRATION" in environment:
        endpoint = free_port()
        point_at_endpoint(environment, endpoint)
        children.start(
            "The local Bedrock endpoint",
            *(sys.executable, "manage.py", "bedrock_local", "--port", str(endpoint)),
            environment=environment,
        )
    print("Bringing the database up to date …", flush=True)
    manage(environment, "migrate", "--verbosity", "0")
    administrator = manage(environment, "first_administrator", quiet=True)
    if "BEDROCK_DEMONSTRATION" in environment:
        answers(children, endpoint)
    sync_models(environment)
    children.start(
        "The server",
        *(
            sys.executable,
            "-m",
            "daphne",
            "--no-server-name",
            "-v",
            "0",
            "-b",
            HOST,
            "-p",
            str(port),
        ),
        "chatsite.asgi:application",
        environment=environment,
    )
    answers(children, port)
    welcome(port, administrator, model)
    return until_the_end(children)


# --- the environment ----------------------------------------------------------------------------


def chosen_port() -> int:
    text = os.environ.get("PORT") or "8000"
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65_536:
        raise ProblemError(f"PORT must be a number from 1 to 65535, not {text!r}.")
    check_free(int(text))
    return int(text)


def check_free(port: int) -> None:
    with socket.socket() as probe:
        # As the server does: a port whose last connections are still closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise ProblemError(
                f"Port {port} is for the administrator of this machine. "
                f"Choose one above 1023: make {GOAL} PORT=8000"
            ) from None
        except OSError:
            raise ProblemError(
                f"Port {port} is in use by another program (or by another `make {GOAL}`). "
                f"Stop that one, or choose another port: make {GOAL} PORT={port + 1}"
            ) from None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        number: int = probe.getsockname()[1]
        return number


def development_environment(port: int) -> dict[str, str]:
    """This process's environment, with development values where it names none."""
    environment = dict(os.environ)
    if environment.get("DEBUG", "1").lower() in {"0", "false", "no", "off"}:
        raise ProblemError(
            "`make run` is for development, and DEBUG=0 asks for production: start the server "
            "itself, as README.md shows, or leave DEBUG out."
        )
    var = Path(environment.setdefault("VAR_DIR", str(ROOT / "var")))
    var.mkdir(parents=True, exist_ok=True)
    here = (f"http://{HOST}:{port}", f"http://localhost:{port}")
    filled_in = {
        "DEBUG": "1",
        "ALLOWED_HOSTS": f"{HOST},localhost",
        "ALLOWED_ORIGINS": ",".join(here),
        "PYTHONUNBUFFERED": "1",
        # Whoever presses Ctrl-C waits for the end of an answer this long, and no longer.
        "SHUTDOWN_SECONDS": "2",
    }
    for name, value in filled_in.items():
        if not environment.get(name):
            environment[name] = value
    if not environment.get("SECRET_KEY"):
        environment["SECRET_KEY"] = kept_secret(var / "secret_key")
    return environment


def kept_secret(path: Path) -> str:
    """The key that signs the sessions: made once, so that a restart signs nobody out."""
    if not path.exists():
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text(encoding="ascii").strip()


# --- the model ----------------------------------------------------------------------------------


def choose_model(environment: dict[str, str]) -> str:
    """Decides who answers, notes it in `environment`, and says it in a sentence."""
    demonstration = "The demonstration model answers, from this machine: "
    environment.pop("BEDROCK_DEMONSTRATION", None)
    if local := environment.get("LOCAL_MODEL_URL", "").strip():
        environment["BEDROCK_DEMONSTRATION"] = "1"
        return f"The model of the server at {local} answers, and nothing goes to Amazon Bedrock."
    if environment.get("BEDROCK_LOCAL", "").lower() in {"1", "true", "yes", "on"}:
        why = "BEDROCK_LOCAL=1 asks for it."
    else:
        region, credentials = aws_account()
        if region and credentials:
            # A region out of a profile is known to boto3 only; the product wants it by name.
            environment["AWS_REGION"] = region
            return f"Amazon Bedrock answers, in {region}."
        why = "AWS_REGION is not set." if credentials else "there are no usable AWS credentials."
    environment["BEDROCK_DEMONSTRATION"] = "1"
    return demonstration + why


def aws_account() -> tuple[str, bool]:
    """The region and whether there are credentials, both from environment or profile."""
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    from streaming.bedrock.client import credentials_available

    if not credentials_available():
        return "", False
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    try:
        return region or Session().get_config_variable("region") or "", True
    except BotoCoreError as error:
        raise ProblemError(
            f"The AWS settings cannot be read: {error}\n"
            "Repair them, or let the demonstration model answer: make run BEDROCK_LOCAL=1"
        ) from error


def point_at_endpoint(environment: dict[str, str], port: int) -> None:
    url = f"http://{HOST}:{port}"
    for name in ("AWS_PROFILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_SESSION_TOKEN"):
        environment.pop(name, None)
    environment.update(
        AWS_ENDPOINT_URL_BEDROCK_RUNTIME=url,
        AWS_ENDPOINT_URL_BEDROCK=url,
        # It accepts any; a person's own must not travel even to a local port.
        AWS_ACCESS_KEY_ID="demonstration",
        AWS_SECRET_ACCESS_KEY="demonstration",  # noqa: S106 - it opens nothing
        AWS_REGION="us-east-1",
    )
    # A proxy for the way out must not be asked for this machine.
    for name in ("NO_PROXY", "no_proxy"):
        environment[name] = ",".join(filter(None, (environment.get(name), f"{HOST},localhost")))


# --- the start ----------------------------------------------------------------------------------


def manage(environment: dict[str, str], *arguments: str, quiet: bool = False) -> str:
    """Runs a management command; returns what it printed where it is `quiet`."""
    command = (sys.executable, "manage.py", *arguments)
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE if quiet else None,
        text=True,
        check=False,
        start_new_session=True,  # Ctrl-C waits for a migration to be whole
    )
    if done.returncode:
        raise ProblemError(
            f"`manage.py {arguments[0]}` failed; the lines above say why. Nothing was started."
        )
    return (done.stdout or "").strip()


def sync_models(environment: dict[str, str]) -> None:
    try:
        manage(environment, "sync_models", quiet=True)
    except ProblemError:
        # The models that are known already still answer; an account may forbid only the list.
        print("The list of models could not be brought up to date; see above.", flush=True)


def answers(children: Children, port: int) -> None:
    """Waits until something listens on `port`; says so when a child ends instead."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if happened := children.wait(0.1):
            raise ProblemError(told(*happened)) if happened[0] else StoppedError
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return
    raise ProblemError(f"Nothing answers on port {port} after {START_SECONDS} s.")


def welcome(port: int, administrator: str, model: str) -> None:
    lines = ["", f"The chat is at http://{HOST}:{port}", administrator, model, "Ctrl-C ends it."]
    print("\n".join(line for line in lines if line or line is lines[0]), flush=True)


def until_the_end(children: Children) -> int:
    while not (happened := children.wait(3600)):
        pass
    name, status = happened
    print(f"\n{told(name, status)}", flush=True)
    return 1 if name else 0


def told(name: str, status: int) -> str:
    if not name:
        return "Ending everything …"
    return f"{name} {how(status)}; the lines above may say why. Everything else is ended too."


def how(status: int) -> str:
    return f"was killed by signal {-status}" if status < 0 else f"ended with exit status {status}"


if __name__ == "__main__":
    raise SystemExit(main())
