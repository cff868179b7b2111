"""Rows of a conversation become the request that asks for the next answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from conversations.branches import Tree
from conversations.guardrails import guardrail_of
from conversations.models import Attachment, BedrockModel, Conversation, Generation, Message
from conversations.reasoning import asked_of
from streaming.attached import Enclosed, Enclosures, announced, enclosures
from streaming.bedrock.request import Guardrail, Request
from streaming.catalogued import continues, facts_of, learnt_ratio, model_of, way_of
from streaming.context import (
    Context,
    ModelFacts,
    TooLong,
    Turn,
    build,
    check_pins,
)
from streaming.context.estimate import HIGHEST_RATIO, tokens
from streaming.counting import NEAR, Uncounted, known, uncounted
from streaming.thinking import asking, remembered, with_room

# Stop reasons of answers whose question would be refused again within every later request.
BLOCKED = frozenset({"guardrail_intervened", "content_filtered"})
FITS_ANY_MODEL = 500  # tokens by estimate; at the highest ratio less than half the smallest window
GO_ON = (
    "Your answer was cut off. Go on exactly where it ends: repeat nothing, begin in the middle of "
    "a sentence or a word if it ends there, and say nothing about the interruption."
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """``left_out``: messages of the branch that do not fit. ``model``: its row, if it has one.

    ``unread``: files of the branch that this model cannot read; it is told that they are there.
    ``uncounted``: messages of the request that the model could count, where that may matter.
    """

    request: Request
    left_out: int
    model: BedrockModel | None = None
    unread: int = 0
    uncounted: tuple[Uncounted, ...] = ()


def prepare(generation: Generation, begun: str = "", *, squeeze: float = 1.0) -> Prepared:
    """The request of a claimed generation. Raises ``TooLong``.

    ``begun`` is the beginning of the answer, without white space at its end: a model that can goes
    on with it, the others are asked to. ``squeeze`` below 1 is for a model that said that the last
    request was too long.

    What the model is shown is noted in ``generation.context``: ``from``, the id of the message from
    which on everything is sent; ``kept``, ids of pinned ones that are sent before it; ``left_out``,
    how many are not; ``tokens`` of the request, ``counted`` by the model or estimated; ``budget``,
    how many of them may be before something is left out; ``window``; ``summarised``;
    ``unread``, how many files of the branch the model cannot read.
    """
    conversation, answer = generation.conversation, generation.message
    if conversation is None or answer is None:
        raise ValueError("the generation's conversation is gone")
    model = model_of(generation.model)
    path = _path(answer)
    attached = enclosures(path, model)
    thinking = asked_of(model, conversation.options)
    turns = _turns(path, generation.model, attached, thinks=bool(thinking))
    prefilled = begun if _goes_on(model, conversation) else ""
    if begun and not prefilled:
        turns += [Turn("assistant", begun), Turn("user", GO_ON)]
    facts = facts_of(generation.model, model)
    fitting = _fitting(
        turns,
        facts,
        prefill=prefilled,
        system_prompt=_system_prompt(conversation.system_prompt),
        summary=_summary_of(conversation, path),
        options=with_room(_options(conversation.options), thinking),
        squeeze=squeeze,
    )
    context = fitting.context
    # Stored with what the service reports, from which the next estimates learn.
    generation.input_estimate = context.uncorrected_input_tokens
    ids = [str(row.uuid) for row in path]
    generation.context = {
        # The last two turns may be the answer's own beginning and the request to go on.
        "from": [*ids, str(answer.uuid), str(answer.uuid)][context.sent_from],
        "kept": [ids[at] for at in context.sent if at < context.sent_from],
        "left_out": context.cut,
        "tokens": fitting.tokens,
        "counted": context.counted,
        "budget": context.budget,
        "window": facts.context_window,
        "summarised": context.summarised,
        "unread": attached.unread,
    }
    request = replace(asking(context.request, thinking), guardrail=_scanning(conversation, model))
    counting = _can_count(model) and fitting.near
    unsure = uncounted(turns, path, context.sent) if counting else ()
    return Prepared(request, context.cut, model, attached.unread, unsure)


def remarks(prepared: Prepared) -> Iterator[tuple[str, str, dict[str, int]]]:
    """Code, sentence and figures of what a person is told of a request before its answer comes."""
    if prepared.unread:
        detail = ngettext(
            "This model cannot read a file in this conversation. It was told that it is there, "
            "and nothing of what is in it.",
            "This model cannot read %(count)s files in this conversation. It was told that they "
            "are there, and nothing of what is in them.",
            prepared.unread,
        ) % {"count": prepared.unread}
        yield "unread", detail, {"files": prepared.unread}
    if prepared.left_out:
        detail = _("The conversation is long: its oldest messages were not sent to the model.")
        yield "trimmed", detail, {"left_out": prepared.left_out}


def guard(conversation: Conversation) -> Guardrail | None:
    """What every request about a conversation goes through: its answers, its title, its summary."""
    found = guardrail_of(conversation)
    return Guardrail(found.identifier, found.version, found.mode) if found else None


def _scanning(conversation: Conversation, model: BedrockModel | None) -> Guardrail | None:
    """Nothing is shown before it was scanned where the guardrail's words have no block of their
    own, by which to tell them from what they withdraw: in the providers' dialects."""
    guardrail = guard(conversation)
    if guardrail is not None and way_of(model).native:
        return replace(guardrail, mode="sync")
    return guardrail


def check_fits(
    text: str,
    *,
    model_id: str,
    system_prompt: str,
    options: dict[str, float],
    attachments: Sequence[Attachment] = (),
) -> None:
    """Raises ``TooLong`` when a message would not fit even without any history."""
    system = _system_prompt(system_prompt)
    if not attachments and tokens(text) + tokens(system) <= FITS_ANY_MODEL:
        return
    model = model_of(model_id)
    with_it = announced(attachments, model)
    turn = Turn("user", text, blocks=with_it.blocks, blocks_tokens=with_it.tokens)
    facts = facts_of(model_id, model)
    _fitting([turn], facts, system_prompt=system, options=_options(options))


def check_pin(message: Message) -> None:
    """Raises ``PinsTooLong`` where a message is one more than may be pinned on its branch."""
    conversation = message.conversation
    message.pinned = True
    rows = [message if row.pk == message.pk else row for row in conversation.messages.all()]
    branch, model = Tree(rows).thread(message), model_of(conversation.model)
    check_pins(
        _turns(branch, conversation.model, enclosures(branch, model)),
        model=facts_of(conversation.model, model),
        system_prompt=_system_prompt(conversation.system_prompt),
        options=_options(conversation.options),
        ratio=learnt_ratio(conversation.model),
    )


def goes_on(generation: Generation) -> bool:
    """Whether its model goes on with the beginning of an answer that it is given."""
    return _goes_on(model_of(generation.model), generation.conversation)


def _goes_on(model: BedrockModel | None, conversation: Conversation | None) -> bool:
    if conversation is None or asked_of(model, conversation.options):
        return False  # an answer that is thought about cannot be begun for the model
    return continues(model)


@dataclass(frozen=True, slots=True)
class _Fitting:
    """``tokens`` of the request, by the best estimate there is."""

    context: Context
    tokens: int

    @property
    def near(self) -> bool:
        """Whether it comes so near to what fits that a count would be better than an estimate."""
        return self.context.cut > 0 or self.tokens >= self.context.budget * NEAR


def _fitting(turns: list[Turn], model: ModelFacts, **rest: Any) -> _Fitting:
    """The request, by what the model's reports taught: read only where that makes a difference.

    Most conversations fit whole though every estimate were as much too low as can be.
    """
    with suppress(TooLong):
        context = build(turns, model=model, ratio=HIGHEST_RATIO, **rest)
        wanted = min(rest["options"]["max_tokens"], model.max_output)
        if not context.cut and context.request.max_tokens >= wanted:
            return _Fitting(context, context.uncorrected_input_tokens)
    context = build(turns, model=model, ratio=learnt_ratio(model.model_id), **rest)
    return _Fitting(context, context.estimated_input_tokens)


def _path(answer: Message) -> list[Message]:
    """The messages above an answer, the first one first."""
    question = answer.parent
    if question is not None and question.parent_id is None:
        return [question]  # the first question: nothing was said before
    rows = Message.objects.filter(conversation=answer.conversation_id)
    return Tree(rows.defer("reasoning", "content")).ancestors(answer)


def blocked_in(path: list[Message]) -> set[int | None]:
    """The answers of a branch whose questions no model may be sent again, by their keys."""
    ended = Generation.objects.filter(message__in=path)
    refused = Q(stop_reason__in=BLOCKED) | Q(error_code="content_filtered")
    found = ended.filter(refused).values_list("message_id", "extra__guardrail__action")
    # An answer of which parts were hidden is one that may be sent.
    return {row for row, action in found if action != "masked"}


def _turns(
    path: list[Message], model_id: str, attached: Enclosures, *, thinks: bool = False
) -> list[Turn]:
    """``thinks``: the model is asked to think, and takes its reasoning back."""
    blocked = blocked_in(path) if len(path) > 1 else set()
    thoughts = remembered(path, model_id) if thinks and len(path) > 1 else {}
    return [
        _turn(
            row,
            row.id in blocked,
            attached.by_message.get(row.id),
            thoughts.get(row.id, ()),
            known(row, model_id),
        )
        for row in path
    ]


def _turn(
    row: Message,
    blocked: bool,
    enclosed: Enclosed | None,
    thoughts: tuple[dict[str, Any], ...],
    counted: int | None,
) -> Turn:
    return Turn(
        "user" if row.role == Message.Role.USER else "assistant",
        row.text,
        blocked,
        blocks=enclosed.blocks if enclosed else thoughts,
        blocks_tokens=enclosed.tokens if enclosed else None,
        counted=counted,
        pinned=row.pinned,
    )


def _can_count(model: BedrockModel | None) -> bool:
    return model is not None and bool(model.capabilities.get("count_tokens"))


def _summary_of(conversation: Conversation, path: list[Message]) -> str:
    """The summary, where it is of this branch."""
    if not conversation.options.get("summarize") or not conversation.summary:
        return ""
    covered = conversation.summary_until  # None: a person wrote it, before the model did
    fits = covered is None or any(row.id == covered for row in path)
    return conversation.summary if fits else ""


def _system_prompt(chosen: str) -> str:
    return chosen or settings.DEFAULT_SYSTEM_PROMPT


def _options(chosen: dict[str, float]) -> dict[str, float]:
    return {"max_tokens": settings.DEFAULT_MAX_TOKENS, **chosen}
