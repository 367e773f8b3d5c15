"""
The tests. C{trial txsocketio} runs those that need nothing beside Python;
L{txsocketio.test.__main__} runs everything.
"""
