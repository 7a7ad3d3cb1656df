"""Reports to those who can act on them: exactly once, with a receipt.

    cybertip    NCMEC's CyberTipline: what a report may hold, building and checking it, its web service
    filing      the way of one report: durable rows, one worker at a time, nothing filed twice or lost
    packets     a report as one signed and encrypted file, for those who take no other

Nothing is imported here: each name has one address.
"""
