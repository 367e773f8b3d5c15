"""
One file per way to reach the clients of other processes.
"""
