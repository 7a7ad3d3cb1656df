"""Stands in for NCMEC's CyberTipline web service ("ispws"): nothing that it is sent goes anywhere.

    with StandIn() as server:                       # http://127.0.0.1:PORT/ispws
        server.faults.add("finish", "drop_after")   # the next /finish takes effect, and no answer comes
        ...
        server.desk.finished()

    python -m standins.cybertipline --port 8700

It checks what the documentation asks for, from tables and code of its own: order, number, limits, cross
rules, credentials, clocks. A document that passes here and not there is a defect of the stand-in.

    grammar.txt  grammar  the elements, and whether a document keeps them
    wording      checks of single texts
    rules        what several elements must keep together
    tree         XML with line numbers
    desk         reports: opened, filled, finished, retracted, expired
    faults       what goes wrong, scripted or at random
    answers      XML out
    forms        multipart and urlencoded bodies; content is digested, never kept
    handler      HTTP
    server       the whole, in a thread or as a process
"""

from standins.cybertipline.server import StandIn

__all__ = ["StandIn"]
