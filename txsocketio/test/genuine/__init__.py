"""
The server's side of the tests in real browsers.
"""
