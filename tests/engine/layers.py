"""Channel layers that do what layers may do: lose what they are given."""

from __future__ import annotations

from typing import Any

from channels.layers import InMemoryChannelLayer


class DroppingLayer(InMemoryChannelLayer):
    """Loses every announcement (R3)."""

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        pass
