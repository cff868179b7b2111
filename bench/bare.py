"""The bare loop: boto3 in a thread, a queue, `websockets` on asyncio. No Django, nothing saved.

    python -m bench.bare PORT

What is left when a chat does nothing but pass on: nobody signs in, nothing can be resumed.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from websockets.asyncio.server import ServerConnection, serve

THREADS = 1_000

pool = ThreadPoolExecutor(THREADS)
client = boto3.client(
    "bedrock-runtime",
    region_name="us-east-1",
    config=Config(max_pool_connections=THREADS, retries={"total_max_attempts": 1}),
)


def read(prompt: str, loop: asyncio.AbstractEventLoop, queue: asyncio.Queue[str | None]) -> None:
    response: Any = client.converse_stream(
        modelId=os.environ["BEDROCK_MODEL_ID"],
        messages=[{"role": "user", "content": [{"text": prompt}]}],
        inferenceConfig={"maxTokens": 4096},
    )
    for event in response["stream"]:
        if "contentBlockDelta" in event:
            text = event["contentBlockDelta"]["delta"]["text"]
            loop.call_soon_threadsafe(queue.put_nowait, text)
    loop.call_soon_threadsafe(queue.put_nowait, None)


async def answer(connection: ServerConnection) -> None:
    loop = asyncio.get_running_loop()
    async for frame in connection:
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        pool.submit(read, json.loads(frame)["text"], loop, queue)
        while (text := await queue.get()) is not None:
            await connection.send(json.dumps({"type": "delta", "text": text}))
        await connection.send(json.dumps({"type": "finished"}))


async def main(port: int) -> None:
    async with serve(answer, "127.0.0.1", port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
