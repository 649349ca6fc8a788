"""The Draw page: normalization steps and a visitor's own drawings."""
