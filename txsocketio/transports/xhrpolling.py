"""
xhr-polling: the page asks again and again, by XMLHttpRequest.
"""

from __future__ import annotations

from txsocketio.transports._http import TEXT
from txsocketio.transports._polls import Polling


class XHRPolling(Polling):
    """
    C{GET} of C{/xhr-polling/[sid]/...} brings the server's packets, C{POST}
    of C{/xhr-polling/sid/send} the client's.
    """

    name = "xhr-polling"
    contentType = TEXT
