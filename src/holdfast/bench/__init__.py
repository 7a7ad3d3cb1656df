"""Benchmarks, and the generators of what they measure on. Nothing here is needed to run Holdfast."""
