"""The audit log: what people did, in a chain of hashes."""
