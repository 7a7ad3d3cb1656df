"""The HMA-compatible API: the paths, fields, status codes and messages of Meta's Hasher-Matcher-Actioner 1.1."""
