"""My data page: what the server keeps of a visitor, as a list, as one zip, and deleted."""
