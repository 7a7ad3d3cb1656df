"""What a platform's own code imports. Nothing here needs the rest of the package."""
