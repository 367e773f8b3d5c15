"""
What both of python-socketio's servers do.
"""

from __future__ import annotations

from typing import Any

import socketio


def application(mode: str) -> Any:
    """
    Make a python-socketio server with the application.

    @param mode: what serves it, C{"asgi"} or C{"aiohttp"}.
    """
    server: Any = socketio.AsyncServer(async_mode=mode)

    async def echo(sid: str, value: Any) -> None:
        await server.emit("echo", value, to=sid)

    async def toAll(sid: str, value: Any) -> None:
        await server.emit("all", value)

    server.on("echo", echo)
    server.on("all", toAll)
    return server
