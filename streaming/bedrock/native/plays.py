"""Prompts in the manner of a play, for models that were given no template of their own."""

from streaming.bedrock.native.prompts import Script


def play(script: Script, *, user: str, model: str) -> str:
    """Each turn on lines of its own after its speaker's name; the last line is the answer's."""
    lines = [f"{user if turn.user else model}: {turn.text}" for turn in script.turns]
    begun = f" {script.begun}" if script.begun else ""
    return "\n".join([*lines, f"{model}:{begun}"])
