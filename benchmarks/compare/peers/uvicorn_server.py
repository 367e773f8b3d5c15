"""
python-socketio behind uvicorn, with uvloop and httptools:

    python -m benchmarks.compare.peers.uvicorn_server PORT OPTIONS

The options are JSON: C{ws} is uvicorn's own; C{key} and C{certificate}, the files for
TLS; and C{deflate}.
"""

from __future__ import annotations

import json
import sys

import socketio
import uvicorn

from benchmarks.compare.peers.application import application


def main(port: str, options: str) -> None:
    """
    Serve until the process is ended.
    """
    given = json.loads(options)
    uvicorn.run(
        socketio.ASGIApp(application("asgi")),
        host="127.0.0.1",
        port=int(port),
        loop="uvloop",
        http="httptools",
        ws=given["ws"],
        ws_per_message_deflate=given.get("deflate", False),
        ssl_keyfile=given.get("key"),
        ssl_certfile=given.get("certificate"),
        log_level="warning",
        access_log=False,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
