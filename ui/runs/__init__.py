"""The Runs page: the list of all runs, and one run with its lineage."""
