"""Decoding under limits: bytes in, luma out. A library without database or network."""
