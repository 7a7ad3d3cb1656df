"""Hash lists: banks, entries (one content, many fingerprints), and what each source says of each fingerprint.

Functions take a connection, so that the caller owns the transaction. Read `models.py` for the words,
`opinions.py` for who upholds what, `handling.py` for what may leave by which way, `log.py` for what
the indexes follow, `resolve.py` for what a hit means.
"""
