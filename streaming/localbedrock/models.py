"""Models by their ids: the endpoint's own three, and the names of the real ones, which answer
like them.
"""

import re
from dataclasses import dataclass
from typing import Final

from .families import UNKNOWN, Family, family_of
from .refusals import ServiceError


@dataclass(frozen=True, slots=True)
class Model:
    """`id` is what a request names, `name` the same without region and ARN where it has one.

    The rest is what its family can do (see Family); by itself a model can do everything.
    """

    id: str
    name: str
    provider: str = "custom"
    dialect: str = UNKNOWN.dialect
    window: int = UNKNOWN.window
    max_output: int = UNKNOWN.max_output
    takes: frozenset[str] = UNKNOWN.takes

    def can(self, ability: str) -> bool:
        """Whether this is among what `takes` lists."""
        return ability in self.takes

    @property
    def reasons_on_request(self) -> bool:
        return bool(self.takes & {"thinking", "effort", "config"})


def _of(family: Family, model_id: str, name: str, provider: str) -> Model:
    sizes = (family.window, family.max_output)
    return Model(model_id, name, provider, family.dialect, *sizes, family.takes)


def _own(model_id: str, name: str) -> Model:
    return _of(family_of(model_id), model_id, name, "Local demonstration")


MODELS: Final = (
    _own("local.demonstration-v1:0", "Demonstration"),
    _own("local.demonstration-reasoning-v1:0", "Demonstration, reasoning"),
    _own("local.demonstration-small-v1:0", "Demonstration, small window"),
)

# What LOCAL_MODEL_URL names; without one there is no such model.
LOCAL_MODEL: Final = _of(family_of("local.model-v1:0"), "local.model-v1:0", "Local model", "Local")

_LISTED = {model.id: model for model in (*MODELS, LOCAL_MODEL)}
_PROVIDERS = (
    "ai21|amazon|anthropic|cohere|deepseek|google|luma|meta|minimax|mistral|moonshot|nvidia"
    "|openai|qwen|writer|zai"
)
# A model, or an inference profile, by itself or at the end of an ARN.
_NAMED = re.compile(
    r"(?:arn:aws[a-z-]*:bedrock:[a-z0-9-]*:[0-9]*:(?:foundation-model|inference-profile)/)?"
    rf"(?:[a-z]{{2,6}}(?:-[a-z]+)?\.)?(?P<name>(?P<provider>{_PROVIDERS})\.[a-z0-9.:-]+)"
)
_ARN = re.compile(r"arn:aws[a-z-]*:(?:bedrock|sagemaker):[a-z0-9-]*:[0-9]*:[a-z-]+/\S+")


def find(model_id: str) -> Model:
    """The model of this id. Raises ServiceError in the service's words for what is no model."""
    if model_id in _LISTED:
        return _LISTED[model_id]
    if named := _NAMED.fullmatch(model_id):
        return _of(family_of(named["name"]), model_id, named["name"], named["provider"])
    if _ARN.fullmatch(model_id):
        return Model(model_id, model_id)
    if model_id.startswith("local."):
        raise ServiceError(
            "ResourceNotFoundException",
            "Could not resolve the foundation model from the provided model identifier.",
        )
    raise ServiceError("ValidationException", "The provided model identifier is invalid.")
