"""
The genuine clients of every generation since 1.0, each through the same checks.
"""
