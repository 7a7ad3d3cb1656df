"""The HMA-compatible API: paths, fields, statuses and messages of Meta's Hasher-Matcher-Actioner 1.1.

What differs, and which of its bugs are corrected, is listed in docs/hma.md; a test holds each row.

    errors      errors in HMA's shape, and what OpenAPI says of them
    bodies      forms and JSON bodies, in memory and under limits
    signals     signal types and content types
    store       what is kept beside banks and entries: ratios, metadata
    media       uploads and URLs to hashes
    lookups     hashes and uploads to matches by bank
    hashing matching banks contents exchanges kinds ui dev core    the routes
"""
