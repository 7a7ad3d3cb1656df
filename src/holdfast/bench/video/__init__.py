"""`holdfast bench video`: edited copies of clips, how many of them are found, and by whom."""
