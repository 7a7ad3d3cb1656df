"""Telling the platform: signed webhooks from a transactional outbox, and receipts of what it removed.

`endpoints` (who is told, secrets), `outbox` (what is to be told), `deliver` (telling it), `receipts` (what
the platform says it did). The receiver's side is `holdfast.client.webhooks`; its guide, docs/webhooks.md.
"""
