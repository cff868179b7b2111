"""Django's cache in Redis, which goes on in this process's memory while Redis is away.

What is in it limits how often people try something: away must neither mean that nobody can sign in
nor that nothing is limited.
"""

from __future__ import annotations

from typing import Any

import structlog
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as ConnectionBroke
from redis.exceptions import RedisError
from redis.retry import Retry

from streaming.streams import Pause

log = structlog.get_logger(__name__)

AWAY = (RedisError, OSError)


class PatientRedisCache(BaseCache):
    """``LOCATION`` and ``OPTIONS`` as for Django's own; one server."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        # Once more at once on a connection that broke; the library's own default waits for seconds.
        params["OPTIONS"]["retry"] = Retry(NoBackoff(), 1, supported_errors=(ConnectionBroke,))
        self._redis = RedisCache(server, params)
        self._memory = LocMemCache("while-redis-is-away", {})
        self._pause = Pause()

    def add(self, *args: Any, **how: Any) -> Any:
        return self._do("add", *args, **how)

    def get(self, *args: Any, **how: Any) -> Any:
        return self._do("get", *args, **how)

    def set(self, *args: Any, **how: Any) -> Any:
        return self._do("set", *args, **how)

    def touch(self, *args: Any, **how: Any) -> Any:
        return self._do("touch", *args, **how)

    def delete(self, *args: Any, **how: Any) -> Any:
        return self._do("delete", *args, **how)

    def incr(self, *args: Any, **how: Any) -> Any:
        return self._do("incr", *args, **how)

    def has_key(self, *args: Any, **how: Any) -> Any:
        return self._do("has_key", *args, **how)

    def clear(self) -> Any:
        return self._do("clear")

    def _do(self, name: str, *args: Any, **how: Any) -> Any:
        if self._pause.over:
            try:
                result = getattr(self._redis, name)(*args, **how)
            except AWAY as error:
                log.warning("cache_away", cause=repr(error), pause=self._pause.begin())
            else:
                self._pause.end()
                return result
        return getattr(self._memory, name)(*args, **how)
