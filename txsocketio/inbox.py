"""
What comes from a client, on its way to the application.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from txsocketio.dispatch import Dispatch, Results, inTime
from txsocketio.errors import DisconnectReason
from txsocketio.handlers import Handlers, call

if TYPE_CHECKING:
    from txsocketio.backlog import Backlog
    from txsocketio.client import Client
    from txsocketio.packets import Packet


class Inbox(Dispatch):
    """
    The handlers of one client, and of its namespace where they hear of it.
    Who has not been let in is not heard.
    """

    __slots__ = ("_client", "_kept", "_namespace")

    def __init__(self, client: Client, handlers: Handlers, backlog: Backlog, auth: Any) -> None:
        """
        @param auth: what the client has sent to be let in.
        """
        namespace = client.namespace
        super().__init__(handlers, backlog, namespace.log, namespace.concurrentHandlers)
        self._client = client
        self._namespace = namespace
        self._kept = backlog.keep(auth)
        self.isOpen = False

    def begin(self, admission: Callable[[Client], Any]) -> None:
        """
        Wait with everything until the client has been let in.
        """
        self.run(call, self._log, admission, (self._client,))

    def askedAgain(self, packet: Packet) -> None:
        """
        The client, which is being let in or has been, has asked for it once
        more. It is told when all that came before is done.
        """
        held = self._backlog.hold(packet.data)
        if held is not None:
            self.run(self._welcomeAgain, held)

    def _welcomeAgain(self, held: int) -> None:
        self._backlog.release(held)
        self._client.welcomeAgain()

    def parted(self, reason: DisconnectReason) -> None:
        """
        The client has gone, which is told when everything before is done.
        """
        self.run(self._tellParted, reason)
        self.over()

    def over(self) -> None:
        """
        Nothing comes any more; when all is done, nothing is kept.
        """
        self.run(self._forget)

    def _tellParted(self, reason: DisconnectReason) -> Any:
        results = self.tell("disconnect", reason)
        outcome = inTime(results, [self._namespace.fire("clientDisconnect", self._client)])
        if isinstance(outcome, Deferred):
            # Nobody can come and go as often as it likes meanwhile.
            self._until(outcome, self._backlog.hold(None))
        return outcome

    def _forget(self) -> None:
        self._backlog.forget(self._kept)
        if not self._isConcurrent:
            # Nothing comes this way any more. An application's handlers mostly
            # hold the client: as soon as it lets go of that, all of it goes.
            self._handlers.clear()
            self.middleware = self.anyHandlers = ()
            del self._client

    def _elsewhere(self, args: Sequence[Any]) -> Results:
        message = args[0] if args else None
        return self._namespace.fire("clientMessage", message, self._client)
