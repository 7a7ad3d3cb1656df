"""HTTP: ours under /v1, the HMA-compatible one beside it. Thin: what is done is done in the rooms below.

app        the application from a `Runtime`
gate       before every route: request id, key, limits, metrics
guard      on every route: the permission that it needs
problems   errors as problem+json (RFC 9457)
bodies     request bodies under limits
writes     writes that are sent twice happen once
"""
