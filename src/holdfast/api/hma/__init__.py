"""The HMA-compatible API: paths, fields, statuses and messages of Meta's Hasher-Matcher-Actioner 1.1.

What differs, and which of its bugs are corrected, is listed in docs/hma.md; a test holds each row.

    errors      errors in HMA's shape, and what OpenAPI says of them
    bodies      forms and JSON bodies, in memory and under limits
    signals     signal types and content types
    ratios      enabled ratios of banks and signal types
    store       what clients say of a content
    media       uploads and URLs to hashes
    lookups     hashes and uploads to matches by bank
    adding said showing reset    what the routes of contents and of test mode do
    hashing matching banks contents exchanges kinds ui dev core    the routes
"""
