"""Who may do what: API keys, roles, limits, the alarm against probing. Everything else is denied.

`roles` is the whole table of permissions; `keys` writes keys down, `verify` recognises them on every
request; `limits` and `probing` hold back those who ask too much. Console sign-in joins here later.
"""
