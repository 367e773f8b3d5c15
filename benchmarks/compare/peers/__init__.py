"""
The servers of others, with the same application.
"""
