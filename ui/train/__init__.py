"""The Train page: the form of a training, and its run, live or ended."""
