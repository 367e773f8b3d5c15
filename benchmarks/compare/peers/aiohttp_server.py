"""
python-socketio behind aiohttp:

    python -m benchmarks.compare.peers.aiohttp_server PORT OPTIONS

The options are JSON: C{key} and C{certificate}, the files for TLS, and C{deflate}.
"""

from __future__ import annotations

import json
import ssl
import sys

from aiohttp import web

from benchmarks.compare.peers.application import application


def main(port: str, options: str) -> None:
    """
    Serve until the process is ended.
    """
    given = json.loads(options)
    context = None
    if "key" in given:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(given["certificate"], given["key"])
    site = web.Application()
    application("aiohttp").attach(site)
    web.run_app(
        site, host="127.0.0.1", port=int(port), access_log=None, print=None, ssl_context=context
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
