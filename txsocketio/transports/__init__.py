"""
One file per transport: HTTP requests and WebSocket connections to sessions
and back. Nothing here knows a packet or a generation of the protocol.
"""
