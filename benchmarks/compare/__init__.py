"""
How fast this server is beside its peers. See C{docs/performance.rst}.
"""
