"""Training jobs: the queue, the engine that runs it, the Dask cluster, and the job in a worker."""
