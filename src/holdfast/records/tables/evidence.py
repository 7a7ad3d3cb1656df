"""Evidence: what the vault keeps beside held content."""
