"""
How an application lets clients in, or does not.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from txsocketio.errors import ConnectionRefused
from txsocketio.handlers import FailureLog, Handler, asDeferred


def refusalOf(refused: ConnectionRefused) -> dict[str, Any]:
    """
    @return: the data of the C{CONNECT_ERROR} packet that says it.
    """
    data = {} if refused.data is None else {"data": refused.data}
    return {"message": refused.message, **data}


async def refusal(log: FailureLog, namespace: str, f: Handler, *args: Any) -> dict[str, Any] | None:
    """
    Ask whether a client may come into a namespace.

    @param f: raises, at once or later, if it may not. What is no
        L{ConnectionRefused} is logged, and the client not told of it.
    @return: the data of a C{CONNECT_ERROR} packet; L{None} if it may.
    """
    try:
        outcome = asDeferred(f(*args))
        if isinstance(outcome, Deferred):
            await outcome
    except ConnectionRefused as refused:
        return refusalOf(refused)
    except Exception:
        log.failure("Middleware of {namespace} raised", namespace=namespace)
        return {"message": "internal error"}
    return None
