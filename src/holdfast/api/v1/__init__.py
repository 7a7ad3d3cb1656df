"""Our own HTTP API, one file a topic; each has a `router`."""
