"""Programmes that trade hash lists: which there are, how each is set up, and what was fetched when.

models      an exchange, a programme, the fields that either is set up with
programmes  the programmes that can be set up
service     exchanges in the records: create, list, switch, delete, credentials
sample      published example hashes, for trying things out
"""
