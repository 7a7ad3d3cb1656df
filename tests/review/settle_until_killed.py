"""Lets decisions take effect, one after the other, and says so after each commit. Its parent kills it."""

from __future__ import annotations

import sys

from holdfast.records.database import Database
from holdfast.review.rules import ReviewRules
from holdfast.review.settling import due_decisions, settle

if __name__ == "__main__":
    rules = ReviewRules(undo_s=0.0, second_review_share=1.0)
    with Database(sys.argv[1]) as database:
        with database.read() as connection:
            due = due_decisions(connection)
        for decision_id in due:
            with database.write() as connection:
                settle(connection, decision_id, rules)
            sys.stdout.write(f"{decision_id}\n")
            sys.stdout.flush()
