"""A report as one file, for a police force or a hotline: signed, and encrypted to its key.

    manifest    what a packet says of itself
    write       report and files -> packet
    read        packet -> report and files, when signature and every digest are right

The container, its signature and its encryption are `holdfast.vault.package`. A packet is handed over as a
file; media and hashes are never mailed.
"""
