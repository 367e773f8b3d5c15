"""
One file per generation of the protocol: bytes to packets and back, nothing
else. Nothing here imports Twisted.
"""
