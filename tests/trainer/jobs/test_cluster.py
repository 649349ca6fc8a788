"""Connection to a cluster of one's own that speaks TLS, as docs/settings.md describes it."""

from pathlib import Path

import dask
import pytest
from distributed import LocalCluster
from distributed.security import Security

from trainer import UserError
from trainer.jobs.cluster import Cluster

pytestmark = pytest.mark.slow  # starts a scheduler


def test_a_cluster_with_tls_is_reached_with_dasks_own_settings(tmp_path: Path) -> None:
    security = Security.temporary()
    environment = {}
    for name, content in {
        "CA_FILE": security.tls_ca_file,
        "CLIENT__CERT": security.tls_client_cert,
        "CLIENT__KEY": security.tls_client_key,
    }.items():
        file = tmp_path / name
        file.write_text(content)
        environment[f"DASK_DISTRIBUTED__COMM__TLS__{name}"] = str(file)
    with LocalCluster(
        n_workers=0,
        processes=False,
        host="127.0.0.1",
        protocol="tls",
        security=security,
        dashboard_address="127.0.0.1:0",
    ) as scheduler:
        address = scheduler.scheduler_address
        assert address.startswith("tls://")
        with pytest.raises(UserError, match="DASK_DISTRIBUTED__COMM__TLS__CA_FILE"):
            Cluster(address, None, tmp_path / "log")
        configured = dask.config.merge(dask.config.config, dask.config.collect(paths=[], env=environment))
        with dask.config.set({"distributed.comm.tls": configured["distributed"]["comm"]["tls"]}):
            cluster = Cluster(address, None, tmp_path / "log")
        try:
            assert cluster.alive() and cluster.look() and not cluster.workers
        finally:
            cluster.close()
