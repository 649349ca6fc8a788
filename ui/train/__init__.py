"""The Train page: a run, live or ended."""
