"""Held content: encrypted before the answer is given, opened on the record, destroyed by destroying its key.

    envelope    bytes <-> authenticated ciphertext, in constant memory
    keys        key-encryption keys: a key file outside the home, or a key service (KMS)
    store       where the ciphertext lies: a folder or an S3-compatible bucket
    service     hold, open, release, destroy, legal holds
    listing     items and their tombstones, without their content
    sweep       what a clock does: expired items, and what a crash left behind
    retention   how long an item stays: release, legal holds, a year from the last filing
    preservation    what belongs to a reported case, kept from the decision on
    destruction     destruction that is asked for by one and approved by another
    check       whether everything that is held is there, and nothing that is destroyed
    journal     tombstones and holds, written down apart from the records
    replay      the journal played into restored records, before anything else
    sealing     encrypted files for a passphrase or a recipient: backups and exports
    package     signed and encrypted packages of files: packets for a destination, evidence
    evidence    a case as one package
    unpacking   a package opened or verified, whole or not at all
    signing     the keys that sign packages
    backup      SQLite backup and restore; the key store's own backup

Nothing is imported here: each name has one address.
"""
