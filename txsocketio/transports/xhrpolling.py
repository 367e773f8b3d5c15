"""
xhr-polling: the page asks again and again, by XMLHttpRequest.
"""

from __future__ import annotations

import re
from typing import ClassVar

from txsocketio.transports._http import TEXT
from txsocketio.transports._polls import Polling


class XHRPolling(Polling):
    """
    C{GET} of C{/xhr-polling/[sid]/...} brings the server's packets, C{POST}
    of C{/xhr-polling/sid/send} the client's.
    """

    name = "xhr-polling"
    contentType = TEXT
    # Clients of the first protocol have it in the path.
    stamp: ClassVar[re.Pattern[bytes]] = re.compile(rb"(?:[?&]t=|/(?=[0-9]+ ))([\w.-]*)(?=[& ])")
