"""
A connection that comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.application.internet import backoffPolicy
from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from txsocketio.errors import ConnectFailed, DisconnectReason
from txsocketio.handlers import EventSource, Handlers, callAll
from txsocketio.outgoing.connecting import connectionTo
from txsocketio.outgoing.socket import Auth, ClientSocket

Policy = Callable[[int], float]


class SocketIOClientService(Service, EventSource):
    """
    Keeps a connection to a server as long as the service runs.

    It begins with C{startService} and ends with C{stopService}. When the
    connection goes, or there is none to be had, it comes back after a while;
    but not where C{disconnect} was called, and not where the server has put us
    out or has not let us in: then it is for the application to call
    L{ClientSocket.connect}.

    Events, each at once: C{connect()}, when the server has named a session;
    C{disconnect(reason)}, when that is over; C{connect_error(exception)}, when
    there was none to be had; C{reconnect_attempt(number)} before each attempt
    to come back, and C{reconnect(number)} when one has succeeded.

    @ivar socket: the L{ClientSocket} of the namespace that the service was made
        for. It stays the same, and keeps its handlers, whatever becomes of the
        connection.
    """

    def __init__(
        self,
        url: str,
        namespace: str = "/",
        auth: Auth = None,
        retryPolicy: Policy | None = None,
        **options: Any,
    ) -> None:
        """
        @param url: see L{txsocketio.connect}, as of the rest.
        @param retryPolicy: called with how often it has failed, tells how many
            seconds to wait; see
            L{twisted.application.internet.backoffPolicy}, which makes the
            default.
        @raise LocalProtocolError: there is no such option, or no such address.
        """
        self._handlers = Handlers()
        self._policy: Policy = retryPolicy or backoffPolicy(maxDelay=30.0)
        self._connection = connectionTo(url, options)
        self._connection.onOpened = self._opened
        self._connection.onClosed = self._closed
        self.socket = self._connection.of(namespace, auth)
        self._attempts = 0
        self._wasOpen = False
        self._retry: IDelayedCall | None = None
        self._patience: list[_Patience] = []

    def of(self, namespace: str, auth: Auth = None) -> ClientSocket:
        """
        The socket in another namespace, over the same connection.

        @raise LocalProtocolError: there can be no such namespace, or no more.
        """
        return self._connection.of(namespace, auth)

    def whenConnected(self, failAfterFailures: int | None = None) -> Deferred[ClientSocket]:
        """
        @param failAfterFailures: how many attempts may fail from now on;
            L{None} for any number.
        @return: fires with L{socket} as soon as the server has let it in. Fails
            with L{txsocketio.ConnectionRefused} where it does not, and with
            L{txsocketio.ConnectFailed} where there is no connection, nor will
            be.
        """
        waiting = self.socket.whenConnected()
        if failAfterFailures is not None and not waiting.called:
            self._patience.append(_Patience(waiting, failAfterFailures))
        return waiting

    # IService.

    def startService(self) -> None:
        """
        See L{IService.startService}.
        """
        super().startService()
        self._connection.returns = True
        for socket in self._connection.sockets.values():
            socket.active = True
        self._connection.open()

    def stopService(self) -> Deferred[None]:
        """
        See L{IService.stopService}. What was sent before still leaves.

        @return: fires when nothing of the connection is left.
        """
        super().stopService()
        self._connection.returns = False
        self._stay()
        return self.socket.disconnect(close=True)

    # What the connection says.

    def _tell(self, event: str, *args: Any) -> None:
        callAll(self._connection.log, self._handlers.take(event), args)

    def _opened(self) -> None:
        self._wasOpen = True
        if self._attempts:
            self._tell("reconnect", self._attempts)
        self._tell("connect")

    def _closed(self, reason: DisconnectReason, detail: str) -> None:
        wasOpen, self._wasOpen = self._wasOpen, False
        if self._connection.wasJoined:
            # A server that opens sessions and never lets us in is no better
            # than none.
            self._attempts = 0
        if wasOpen:
            self._tell("disconnect", reason)
        else:
            self._tell("connect_error", ConnectFailed(reason, detail))
        if not self._connection.wasJoined:
            self._lose(ConnectFailed(reason, detail))
        self._stay()
        if self.running and self._connection.isWanted():
            delay = self._policy(self._attempts)
            self._retry = self._connection.reactor.callLater(delay, self._comeBack)

    def _lose(self, why: ConnectFailed) -> None:
        patience, self._patience = self._patience, []
        for each in patience:
            if not each.hasFailed(why):
                self._patience.append(each)

    def _stay(self) -> None:
        retry, self._retry = self._retry, None
        if retry is not None:
            retry.cancel()

    def _comeBack(self) -> None:
        self._retry = None
        self._attempts += 1
        self._tell("reconnect_attempt", self._attempts)
        self._connection.open()


class _Patience:
    """
    One who waits for a connection, but not for any number of failures.
    """

    def __init__(self, waiting: Deferred[ClientSocket], left: int) -> None:
        self._waiting = waiting
        self._left = left
        self._why: ConnectFailed | None = None
        waiting.addErrback(self._explain)

    def _explain(self, failure: Failure) -> Failure:
        return failure if self._why is None else Failure(self._why)

    def hasFailed(self, why: ConnectFailed) -> bool:
        """
        One more attempt has failed.

        @return: whether nobody waits any more.
        """
        self._left -= 1
        if self._left <= 0 and not self._waiting.called:
            self._why = why
            self._waiting.cancel()
        return self._waiting.called
