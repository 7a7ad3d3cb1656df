"""The one place where media, hashing, matching and banks meet: content in, outcome out."""
