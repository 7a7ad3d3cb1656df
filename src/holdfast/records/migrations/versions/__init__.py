"""One file a step, named by its number. The newest number is `schema.SCHEMA_VERSION`."""
