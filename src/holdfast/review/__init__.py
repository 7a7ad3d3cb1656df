"""People's part: cases, what is seen of them, what is decided, and what follows from it.

    opening -> cases, clusters     what came in, gathered by account, copies grouped
    leases                         whose case it is at this moment
    texts, notices, appeals        what people wrote
    grants, viewing, ledger        what was shown to whom, and what that proves
    labels, deciding, settling     what is said of a file, what is decided, what follows
    approvals                      what takes two people
    wellness                       how much of it one person sees

Plain functions that take a connection and write into the caller's transaction. Locks are taken in one order,
so that two transactions never wait for each other: cases by id, groups, decisions, held items, events, audit.
"""
