"""Training jobs: the queue, the Dask cluster, and what a worker does."""
