"""The consumer that tutorials show: a thread per answer, a `send` per delta, saved at the end.

    daphne bench.naive:application

It goes between threads and loop as Django's and Channels' documents say, has a wide pool for its
threads (with asyncio's own the seventh person would wait) and the product's settings and tables.
It keeps nothing until the end, cannot be stopped or resumed.
"""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from asgiref.sync import async_to_sync, sync_to_async
from botocore.config import Config
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
django_application = get_asgi_application()

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.db import database_sync_to_async  # noqa: E402
from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.urls import path  # noqa: E402

from conversations.models import Conversation, Message  # noqa: E402

THREADS = 1_000

pool = ThreadPoolExecutor(THREADS)
client = boto3.client(
    "bedrock-runtime",
    region_name="us-east-1",
    config=Config(max_pool_connections=THREADS, retries={"total_max_attempts": 1}),
)


class Chat(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        if self.scope["user"].is_anonymous:
            await self.close()
            return
        await self.accept()

    async def receive(self, text_data: str = "", bytes_data: bytes | None = None) -> None:
        prompt = json.loads(text_data)["text"]
        question = await self.save_question(prompt)
        await sync_to_async(self.answer, thread_sensitive=False, executor=pool)(question, prompt)

    @database_sync_to_async
    def save_question(self, prompt: str) -> Message:
        conversation = Conversation.objects.create(
            owner=self.scope["user"], model=settings.BEDROCK_MODEL_ID
        )
        return Message.objects.create(conversation=conversation, role="user", text=prompt)

    def answer(self, question: Message, prompt: str) -> None:
        response: Any = client.converse_stream(
            modelId=settings.BEDROCK_MODEL_ID,
            messages=[{"role": "user", "content": [{"text": prompt}]}],
            inferenceConfig={"maxTokens": 4096},
        )
        pieces = []
        for event in response["stream"]:
            if "contentBlockDelta" in event:
                text = event["contentBlockDelta"]["delta"]["text"]
                pieces.append(text)
                self.tell({"type": "delta", "text": text})
        Message.objects.create(
            conversation=question.conversation,
            parent=question,
            role="assistant",
            text="".join(pieces),
        )
        connection.close()
        self.tell({"type": "finished"})

    def tell(self, update: dict[str, str]) -> None:
        async_to_sync(self.send)(text_data=json.dumps(update))


application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": AuthMiddlewareStack(URLRouter([path("ws/chat/", Chat.as_asgi())])),
    }
)
