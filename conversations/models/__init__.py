"""The record: what the database holds. State changes are verbs, one transaction each."""

from conversations.models.attachment import Attachment, MessageAttachment
from conversations.models.catalogue import BedrockModel
from conversations.models.conversation import Conversation
from conversations.models.feedback import Feedback
from conversations.models.generation import Generation
from conversations.models.guardrail import Guardrail
from conversations.models.journal import TranscriptRead
from conversations.models.message import Message
from conversations.models.preset import Preset
from conversations.models.searchable import Searchable
from conversations.models.user import User

__all__ = [
    "Attachment",
    "BedrockModel",
    "Conversation",
    "Feedback",
    "Generation",
    "Guardrail",
    "Message",
    "MessageAttachment",
    "Preset",
    "Searchable",
    "TranscriptRead",
    "User",
]
