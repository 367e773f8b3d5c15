"""
The client: connections to Socket.IO's servers of all generations.

C{python -m txsocketio.outgoing} is a program that talks to a server.
"""
