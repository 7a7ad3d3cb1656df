"""What may be looked at (policy), what is to happen with it (rules), and the brakes on both."""
