"""Helper processes: their output, reported user errors and other failures."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.waiting import TIMEOUT_SECONDS
from trainer import UserError, processes


def test_a_helper_returns_its_output():
    assert processes.run_helper("json.tool", ["--compact"], b'{"a": 1}', timeout=TIMEOUT_SECONDS) == b'{"a":1}\n'


def test_a_failed_helper_is_logged_and_raises_no_user_error(caplog):
    with pytest.raises(subprocess.CalledProcessError):
        processes.run_helper("json.tool", [], b"no JSON", timeout=TIMEOUT_SECONDS)
    assert "json.tool failed (status 1)" in caplog.text


def test_a_user_error_ends_the_process_with_its_message(capsys):
    with pytest.raises(SystemExit) as ended, processes.report_user_error():
        raise UserError("Epochs must be at least 1 (got −1).")
    assert ended.value.code == processes.USER_ERROR_STATUS
    assert capsys.readouterr().err == "Epochs must be at least 1 (got −1).\n"


@pytest.mark.skipif(not hasattr(os, "setpriority"), reason="no priorities on this system")
@pytest.mark.parametrize(("setting", "nice"), [("", 10), ("3", 3)])
def test_a_worker_lowers_its_priority(setting, nice, monkeypatch):
    monkeypatch.setenv("DIGITLAB_NICE", setting)
    code = "import os; from trainer.processes import lower_priority; lower_priority(); print(os.getpriority(0, 0))"
    output = subprocess.run([sys.executable, "-c", code], cwd=processes.ROOT, stdout=subprocess.PIPE, check=True).stdout
    assert int(output) == max(nice, os.getpriority(os.PRIO_PROCESS, 0))


@pytest.mark.parametrize("setting", ["-1", "20", "low"])
def test_an_invalid_nice_value_is_refused(setting, monkeypatch):
    monkeypatch.setenv("DIGITLAB_NICE", setting)
    with pytest.raises(SystemExit, match="DIGITLAB_NICE must be a whole number between 0 and 19"):
        processes.nice_value()


@pytest.mark.skipif(sys.platform != "linux", reason="all threads of a process have one priority")
def test_a_thread_lowers_only_its_own_priority():
    mine = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    with ThreadPoolExecutor(1, initializer=processes.lower_thread_priority) as pool:
        lowered = pool.submit(lambda: os.getpriority(os.PRIO_PROCESS, threading.get_native_id())).result()
    assert lowered == max(10, mine) and os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == mine
