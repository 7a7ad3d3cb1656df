"""A report as one file, for a police force or a hotline: signed, and encrypted to its key.

    keys        who signs: Ed25519 keys in their written form
    manifest    what a packet says of itself
    tar         the container, written as it is read
    write       report and files -> packet
    read        packet -> report and files, when signature and every digest are right

A packet is a tar file (files, then the manifest, then its signature) under `holdfast.vault.sealing`. It is
handed over as a file; media and hashes are never mailed.
"""
