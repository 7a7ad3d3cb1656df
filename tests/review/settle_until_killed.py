"""Lets decisions take effect, one after the other, and says so after each commit, until it is killed.

The timer's signal, which nothing handles, ends it like a kill: a moment after so many commits, however busy
the machine is.
"""

from __future__ import annotations

import signal
import sys

from holdfast.records.database import Database
from holdfast.review.rules import ReviewRules
from holdfast.review.settling import due_decisions, settle

if __name__ == "__main__":
    rules = ReviewRules(undo_s=0.0, second_review_share=1.0)
    with Database(sys.argv[1]) as database:
        with database.read() as connection:
            due = due_decisions(connection)
        for number, decision_id in enumerate(due):
            if number == int(sys.argv[2]):
                signal.setitimer(signal.ITIMER_REAL, float(sys.argv[3]))
            with database.write() as connection:
                settle(connection, decision_id, rules)
            sys.stdout.write(f"{decision_id}\n")
            sys.stdout.flush()
