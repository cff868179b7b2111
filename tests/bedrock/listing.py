"""Bedrock's control plane with a given account's models, or with none to tell."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.quiet import QuietServer

Json = dict[str, Any]
DENIED = {
    "message": "User: arn:aws:iam::123456789012:user/app is not authorized to perform: "
    "bedrock:ListFoundationModels"
}

NO_OWN: list[Json] = []


def summary(model_id: str, **changes: Any) -> Json:
    """One entry of ListFoundationModels."""
    return {
        "modelArn": f"arn:aws:bedrock:us-east-1::foundation-model/{model_id}",
        "modelId": model_id,
        "modelName": model_id.upper(),
        "providerName": model_id.split(".")[0].title(),
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "inferenceTypesSupported": ["ON_DEMAND"],
        "modelLifecycle": {"status": "ACTIVE"},
    } | changes


def profile(profile_id: str, *model_ids: str) -> Json:
    """One entry of ListInferenceProfiles; its model answers in two regions."""
    return {
        "inferenceProfileId": profile_id,
        "inferenceProfileName": f"US {profile_id}",
        "inferenceProfileArn": f"arn:aws:bedrock:us-east-1:1:inference-profile/{profile_id}",
        "status": "ACTIVE",
        "type": "SYSTEM_DEFINED",
        "models": [
            {"modelArn": f"arn:aws:bedrock:{region}::foundation-model/{model_id}"}
            for model_id in model_ids
            for region in ("us-east-1", "us-west-2")
        ],
    }


def own_profile(name: str, model_id: str) -> Json:
    """One that the account has made: only its ARN can be asked, and does not say what answers."""
    arn = f"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/{name}"
    made = {"inferenceProfileId": name, "inferenceProfileName": name, "inferenceProfileArn": arn}
    return profile(name, model_id) | made | {"type": "APPLICATION"}


@contextmanager
def listing(
    models: list[Json] | None,
    profiles: list[list[Json]] | None = None,
    own: list[Json] | None = NO_OWN,
) -> Iterator[str]:
    """The URL of an account with these models, pages of profiles and profiles of its own.

    None: it may not list them.
    """

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.startswith("/foundation-models"):
                self._say({"modelSummaries": models} if models is not None else None)
            else:
                self._say(self._page() if "APPLICATION" not in self.path else self._own())

        def _own(self) -> Json | None:
            return {"inferenceProfileSummaries": own} if own is not None else None

        def _page(self) -> Json | None:
            if profiles is None:
                return None
            number = int(self.path.rpartition("nextToken=")[2]) if "nextToken=" in self.path else 0
            more = {"nextToken": str(number + 1)} if number + 1 < len(profiles) else {}
            return {"inferenceProfileSummaries": profiles[number]} | more

        def _say(self, document: Json | None) -> None:
            body = json.dumps(DENIED if document is None else document).encode()
            self.send_response(403 if document is None else 200)
            if document is None:
                self.send_header("x-amzn-errortype", "AccessDeniedException")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """The output of the tests is not the place."""

    with QuietServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
