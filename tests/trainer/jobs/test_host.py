"""Embedded cluster: its slots, memory and GPUs, from the environment and from the machine."""

import importlib
import json
import os
import subprocess
import sys

import pytest

from trainer.jobs import host
from trainer.processes import ROOT


@pytest.fixture(autouse=True)
def no_gpus(monkeypatch, tmp_path):
    """A machine without nvidia-smi and without settings."""
    for name in ("DIGITLAB_SLOTS", "DIGITLAB_MEMORY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    host.gpus.cache_clear()
    host._listed_gpus.cache_clear()
    yield
    host.gpus.cache_clear()
    host._listed_gpus.cache_clear()


def list_gpus(folder, count):
    """Install an nvidia-smi that lists so many GPUs."""
    program = folder / "nvidia-smi"
    program.write_text("#!/bin/sh\n" + 'echo "GPU 0: A GPU"\n' * count)
    program.chmod(0o755)


def test_slots_are_a_quarter_of_the_cores_and_at_least_two(monkeypatch):
    for cores, slots in ((1, 2), (8, 2), (12, 3), (None, 2)):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        assert host.slots() == slots


def test_slots_can_be_set(monkeypatch):
    monkeypatch.setenv("DIGITLAB_SLOTS", "7")
    assert host.slots() == 7
    for wrong in ("0", "65", "-1", "many", "2.5"):
        monkeypatch.setenv("DIGITLAB_SLOTS", wrong)
        with pytest.raises(SystemExit, match="must be a whole number between 1 and 64"):
            host.slots()


def test_memory_is_shared_by_the_slots_with_a_minimum(monkeypatch):
    monkeypatch.setattr("distributed.system.MEMORY_LIMIT", 20e9)
    assert host.memory(2) == pytest.approx(20 * host.MEMORY_SHARE / 2)
    assert host.memory(64) == host.MIN_MEMORY_GB


def test_memory_can_be_set(monkeypatch):
    monkeypatch.setenv("DIGITLAB_MEMORY", "1.5")
    assert host.memory(2) == 1.5
    for wrong in ("0", "-1", "inf", "nan", "much"):
        monkeypatch.setenv("DIGITLAB_MEMORY", wrong)
        with pytest.raises(SystemExit, match="must be a number of GB above 0"):
            host.memory(2)


linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="GPUs are used on Linux only")


@linux
def test_listed_gpus_count_if_one_can_train(monkeypatch, tmp_path):
    list_gpus(tmp_path, 2)
    monkeypatch.setattr(host, "GPU_TEST", "print('NVIDIA H100')")
    assert host.gpus() == 2 and host.slots() == 2 * host.SLOTS_PER_GPU and host.bfloat16()


@linux
@pytest.mark.parametrize("test", ["print('CPU')", "pass", "raise SystemExit(1)", "import os; os.abort()"])
def test_listed_gpus_that_cannot_train_do_not_count(monkeypatch, tmp_path, test):
    list_gpus(tmp_path, 2)
    monkeypatch.setattr(host, "GPU_TEST", test)
    assert host.gpus() == 0


def test_the_gpu_test_uses_modules_that_exist():
    imports = host.GPU_TEST.split(";")[0].split()  # from PACKAGE import MODULE
    assert hasattr(importlib.import_module(f"{imports[1]}.{imports[3]}"), "warm_up")


def test_an_invalid_setting_ends_the_host_with_a_sentence():
    host_process = subprocess.Popen(
        [sys.executable, "-m", "trainer.jobs.host"],
        cwd=ROOT,
        env={**os.environ, "DIGITLAB_SLOTS": "none"},
        stdin=subprocess.PIPE,  # the host would end with status 0 if it were closed
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with host_process:
        refusal = json.loads(host_process.stdout.readline())["refusal"]
        assert refusal == "DIGITLAB_SLOTS must be a whole number between 1 and 64 (got 'none')."
        assert refusal in host_process.stderr.read()
        assert host_process.wait() == 1
