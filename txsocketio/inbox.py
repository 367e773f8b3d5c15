"""
What comes from a client, on its way to the application.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred

from txsocketio.dispatch import Answer, Dispatch, Results, inTime
from txsocketio.errors import DisconnectReason
from txsocketio.handlers import Handlers, call
from txsocketio.packets import Kind, Packet

if TYPE_CHECKING:
    from txsocketio.backlog import Backlog
    from txsocketio.client import Client


class Inbox(Dispatch):
    """
    The handlers of one client, and of its namespace where they hear of it.

    @ivar isOpen: whether the client has been let in; who has not is not
        heard.
    """

    __slots__ = ("_client", "_kept", "_namespace", "isOpen")

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
        self._jobs.run(call, self._log, admission, (self._client,))

    def parted(self, reason: DisconnectReason) -> None:
        """
        The client has gone, which is told when everything before is done.
        """
        self._jobs.run(self._tellParted, reason)
        self.over()

    def over(self) -> None:
        """
        Nothing comes any more; when all is done, nothing is kept.
        """
        self._jobs.run(self._forget)

    def _tellParted(self, reason: DisconnectReason) -> Any:
        results = self.tell("disconnect", reason)
        outcome = inTime(results, [self._namespace.fire("clientDisconnect", self._client)])
        if isinstance(outcome, Deferred):
            # Nobody can come and go as often as it likes meanwhile.
            self._until(outcome, self._backlog.hold(None))
        return outcome

    def _forget(self) -> None:
        self._backlog.forget(self._kept)

    def _deal(self, packet: Packet, answer: Answer) -> Deferred[None] | None:
        if not self.isOpen:
            return None
        if packet.kind is Kind.CONNECT:
            self._client.welcomeAgain()
            return None
        return super()._deal(packet, answer)

    def _elsewhere(self, event: str, args: tuple[Any, ...]) -> Results:
        if event != "message":
            return []
        message = args[0] if args else None
        return self._namespace.fire("clientMessage", message, self._client)
