"""Videos: fingerprints of many frames."""
