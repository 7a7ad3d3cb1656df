"""Review: cases, notices, appeals, the view ledger."""
