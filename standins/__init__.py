"""Servers that stand in for other organisations' services, for tests and the demo.

They are never part of an installation. What they answer says so: NOT FILED.
They listen on loopback only and know nothing of the product's code.
"""
