"""Reports to those who can act on them: exactly once, with a receipt.

    cybertip    NCMEC's CyberTipline: what a report may hold, building and checking it, its web service
    filing      the way of one report: durable rows, one worker at a time, nothing filed twice or lost

Nothing is imported here: each name has one address.
"""
