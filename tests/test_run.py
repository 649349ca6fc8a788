"""`python run.py` in a fresh clone: refusals, set-up, start, tests and the tests' browser.

Longer than 300 lines because every test needs the same clone with a fake uv.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import run
from harness.waiting import TIMEOUT_SECONDS

TESTS = Path(__file__).parent
pytestmark = pytest.mark.slow  # each test starts run.py in a process of its own

# Replaces uv: makes a .venv whose Python is the one that runs the tests, and logs its commands.
UV = f"""#!/bin/sh
echo "$1" >> uv.log
if [ "$1" = venv ]; then
    mkdir -p .venv/bin
    echo "version_info = {sys.version_info[0]}.{sys.version_info[1]}.0" > .venv/pyvenv.cfg
    printf '#!/bin/sh\\necho "data: $DIGITLAB_DATA"\\nexec "{sys.executable}" "$@"\\n' > .venv/bin/python
    chmod +x .venv/bin/python
elif [ -e offline ]; then
    exit 1
elif [ -e killed ]; then
    kill -KILL $PPID
elif [ -p gate ]; then
    read _ < gate || true
fi
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A fresh clone with a small app, on a machine with uv."""
    if os.name == "nt":
        pytest.skip("the fake uv is a shell script")
    for name in ("run.py", *run.LONG):
        shutil.copy(run.ROOT / name, tmp_path)
    (tmp_path / "app.py").write_text("import streamlit\nstreamlit.title('Hello')\n")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "uv").write_text(UV)
    (tmp_path / "bin" / "uv").chmod(0o755)
    return tmp_path


def begin(clone: Path, *arguments: str, python: str = sys.executable, **environment: str) -> subprocess.Popen[str]:
    path = f"{clone / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        [python, "run.py", *arguments],
        cwd=clone,
        env={**os.environ, "PATH": path, "REQUIRE_BROWSER": "0", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for the process and return its exit status, output and errors."""
    try:
        out, err = process.communicate(timeout=TIMEOUT_SECONDS)
    finally:
        process.kill()
    return process.returncode, out, err


def set_up(clone: Path) -> int:
    """Set up the clone, let its pytest print no more than its version, and return the exit status."""
    return finish(begin(clone, "test", "--version"))[0]


def uv_commands(clone: Path) -> list[str]:
    log = clone / "uv.log"
    return log.read_text().split() if log.exists() else []


def assert_refused(process: subprocess.Popen[str], sentence: str) -> None:
    status, _, complaint = finish(process)
    assert status == 2
    assert sentence in complaint
    assert complaint.count("\n") == 1 and complaint.endswith(".\n")


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


# --- refusals -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("machine", "sentence"),
    [
        (((3, 10, 13), True, "linux", "x86_64"), "Python 3.11, 3.12 or 3.13 (this is 3.10.13)"),
        (((3, 14, 0), True, "linux", "x86_64"), "(this is 3.14.0)"),
        (((3, 12, 1), False, "win32", "x86"), "64-bit"),
        (((3, 12, 1), True, "darwin", "x86_64"), "Apple chip"),
    ],
)
def test_an_unsupported_machine_is_refused(machine, sentence):
    with pytest.raises(run.SetupError) as error:
        run.check_python(*machine)
    assert sentence in str(error.value)


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 1), (3, 13, 0)])
@pytest.mark.parametrize("system", [("linux", "x86_64"), ("darwin", "arm64"), ("win32", "AMD64")])
def test_a_supported_machine_is_accepted(version, system):
    run.check_python(version, True, *system)


def other_pythons() -> Iterator[str]:
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    for version in ("3.8", "3.9", "3.10", "3.14"):
        for python in [shutil.which(f"python{version}"), *pyenv.glob(f"versions/{version}.*/bin/python")]:
            if python and subprocess.run([python, "--version"], capture_output=True).returncode == 0:
                yield str(python)


def test_an_older_or_newer_python_prints_one_sentence(clone):
    found = list(other_pythons())
    if not found:
        pytest.skip("only supported Pythons were found")
    for python in found:
        assert_refused(begin(clone, python=python), "Digit Lab needs Python 3.11, 3.12 or 3.13")


def test_a_missing_data_file_is_refused(clone):
    assert_refused(begin(clone, "--data", "nowhere.npz"), "There is no file nowhere.npz")


@pytest.mark.parametrize("port", ["0", "65536"])
def test_an_impossible_port_is_refused(clone, port):
    assert_refused(begin(clone, "--port", port), f"--port must be between 1 and 65535 (got {port})")


@pytest.mark.parametrize("arguments", [[], ["--lan"]])
def test_a_port_in_use_is_refused_before_anything_is_installed(clone, arguments):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert_refused(begin(clone, "--port", str(port), *arguments), f"Port {port} is in use")
    assert uv_commands(clone) == []


def test_too_little_disk_space_is_refused():
    run.check_disk(free=3.5, needed=3)
    with pytest.raises(run.SetupError, match=r"needs 3 GB of disk space \(0.5 GB are free"):
        run.check_disk(free=0.5, needed=3)


# --- set up ---------------------------------------------------------------------------------------------------


def test_the_second_start_installs_nothing(clone):
    assert set_up(clone) == 0
    assert uv_commands(clone) == ["venv", "pip"]
    assert set_up(clone) == 0
    assert uv_commands(clone) == ["venv", "pip"]


def test_changed_requirements_are_installed_into_the_same_place(clone):
    set_up(clone)
    (clone / ".venv" / "own").touch()
    (clone / "requirements.txt").write_text("streamlit\n")
    assert set_up(clone) == 0
    assert uv_commands(clone).count("pip") == 2
    assert (clone / ".venv" / "own").exists()


def test_a_venv_not_made_by_run_py_is_reused(clone):
    set_up(clone)
    (clone / ".venv" / "requirements.stamp").unlink()
    (clone / ".venv" / "own").touch()
    assert set_up(clone) == 0
    assert uv_commands(clone).count("pip") == 2
    assert (clone / ".venv" / "own").exists()


def test_a_venv_of_another_python_is_replaced(clone):
    set_up(clone)
    (clone / ".venv" / "pyvenv.cfg").write_text("version = 3.9.1\n")
    (clone / ".venv" / "old").touch()
    assert set_up(clone) == 0
    assert not (clone / ".venv" / "old").exists()


def test_a_killed_installation_starts_again(clone):
    (clone / "killed").touch()
    assert set_up(clone) == -signal.SIGKILL
    (clone / "killed").unlink()
    (clone / ".venv" / "half").touch()
    assert set_up(clone) == 0
    assert uv_commands(clone) == ["venv", "pip", "venv", "pip"]
    assert not (clone / ".venv" / "half").exists()


def test_a_failed_installation_is_retried_and_keeps_the_old_packages(clone):
    set_up(clone)
    (clone / ".venv" / "own").touch()
    before = (clone / "requirements.txt").read_text()
    (clone / "requirements.txt").write_text("streamlit\n")
    (clone / "offline").touch()
    for _ in range(2):
        assert_refused(begin(clone, "test"), "The packages could not be installed")
    (clone / "requirements.txt").write_text(before)
    assert set_up(clone) == 0
    assert (clone / ".venv" / "own").exists()


def test_two_simultaneous_starts_install_once(clone):
    os.mkfifo(clone / "gate")
    first = begin(clone, "test", "--version")
    with (clone / "gate").open("w"):  # opens once the first installation is waiting
        second = begin(clone, "test", "--version")
    assert [finish(first)[0], finish(second)[0]] == [0, 0]
    assert uv_commands(clone) == ["venv", "pip"]


def test_the_stamp_of_the_test_packages_covers_the_app():
    assert run.stamps_of(run.APP, False)[0] in run.stamps_of(run.TESTS, False)
    assert run.stamps_of(run.TESTS, False)[-1] in run.stamps_of(run.LONG, False)
    assert run.stamps_of(run.APP, True)[0] not in run.stamps_of(run.TESTS, False)


def test_cuda_is_installed_for_the_same_tensorflow():
    assert run.cuda_requirement("keras~=3.15.0\ntensorflow~=2.21.0\nnumpy\n") == "tensorflow[and-cuda]~=2.21.0"
    assert run.cuda_requirement((run.ROOT / "requirements.txt").read_text()).startswith("tensorflow[and-cuda]~=")


# --- start ----------------------------------------------------------------------------------------------------


def read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout
    text = ""
    for line in process.stdout:
        text += line
        if words in line:
            return text
    raise AssertionError(f"The server ended without {words!r}: {text} {process.stderr and process.stderr.read()}")


def handshake(address: str, port: int, host: str) -> bytes:
    """Request the page's websocket under a host name and return the first bytes of the response."""
    with socket.create_connection((address, port), timeout=TIMEOUT_SECONDS) as connection:
        connection.sendall(
            f"GET /_stcore/stream HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
        )
        return connection.recv(64)


@pytest.mark.parametrize("word", [signal.SIGINT, signal.SIGTERM])
def test_the_server_prints_its_address_and_ends_quietly(clone, port, word):
    (clone / "digits.npz").touch()
    with begin(clone, "--port", str(port), "--data", "digits.npz") as server:
        printed = read_until(server, "URL:")
        assert f"data: {clone.resolve() / 'digits.npz'}\n" in printed
        assert f"http://127.0.0.1:{port}" in printed
        assert b"101" in handshake("127.0.0.1", port, "127.0.0.1")
        server.send_signal(word)
        status, _, complaint = finish(server)
    assert status in (0, -signal.SIGTERM)
    assert "Traceback" not in complaint


@pytest.mark.skipif(os.name == "nt", reason="Windows sends Ctrl-C to whole consoles only")
def test_ctrl_c_is_quiet_while_streamlit_is_imported(tmp_path):
    (tmp_path / "streamlit" / "web").mkdir(parents=True)
    for package in ("streamlit", "streamlit/web"):
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "streamlit" / "web" / "cli.py").write_text(
        "import signal\nprint('importing', flush=True)\nsignal.pause()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", run.STREAMLIT],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        read_until(process, "importing")
        process.send_signal(signal.SIGINT)
        assert finish(process) == (0, "", "")


def test_lan_prints_the_address_for_the_class_and_warns_the_teacher(clone, port):
    if not run.lan_addresses():
        pytest.skip("this computer has no address on a network")
    address = run.lan_addresses()[0]
    with begin(clone, "--lan", "--port", str(port)) as server:
        printed = read_until(server, "URL:")
        assert f"The class opens http://{address}:{port}" in printed
        assert "Warning: everyone on this network can open it" in printed
        for host in ("127.0.0.1", "localhost", address):
            assert b"101" in handshake(address, port, host)
        assert b"403" in handshake(address, port, "foreign.example")
        server.send_signal(signal.SIGINT)
        assert finish(server)[0] == 0


def test_class_opens_a_class_before_the_server_starts(clone, port):
    if not run.lan_addresses():
        pytest.skip("this computer has no address on a network")
    folder = clone / "trainer" / "classroom"
    folder.mkdir(parents=True)
    (folder / "console.py").write_text("import sys\nprint(sys.argv[1:])\nsys.exit(sys.argv[-1] == 'refused')\n")
    address = f"http://{run.lan_addresses()[0]}:{port}"
    with begin(clone, "--class", "6b", "--port", str(port)) as server:
        printed = read_until(server, "URL:")
        assert f"['--address={address}', '--here=http://localhost:{port}', '--', '6b']" in printed
        assert f"The class opens {address}" in printed
        server.send_signal(signal.SIGINT)
        assert finish(server)[0] == 0
    assert_refused(begin(clone, "--class", "refused", "--port", str(port)), "The class could not be opened")


# --- the fast tests -------------------------------------------------------------------------------------------

TIERS = """import pytest

@pytest.mark.{mark}
def test_left_out(): raise AssertionError("not selected")

def test_fast(): pass
"""


@pytest.mark.parametrize("mark", ["slow", "long"])
def test_fast_leaves_out_slow_and_long_tests(clone, mark):
    (clone / "test_tiers.py").write_text(TIERS.format(mark=mark))
    (clone / "pytest.ini").write_text("[pytest]\nmarkers =\n  slow: starts a process\n  long: takes minutes\n")
    status, printed, complaint = finish(begin(clone, "test", "--fast", "test_tiers.py", "-p", "no:cacheprovider"))
    assert status == 0, printed + complaint
    assert "1 passed, 1 deselected" in printed


# --- the long checks ------------------------------------------------------------------------------------------

LONG_AND_SHORT = """import pytest

@pytest.mark.long
def test_minutes(): assert {passes}

def test_seconds(): raise AssertionError("not selected")
"""
PACKAGES = [
    {"name": "sound", "version": "1.0", "vulns": []},
    {"name": "unknown", "skip_reason": "Dependency not found on PyPI and could not be audited: unknown (1.0)"},
]
FAULTY = {"name": "faulty", "version": "2.0", "vulns": [{"id": "CVE-2026-1", "fix_versions": ["2.1"]}]}


@pytest.mark.parametrize(
    ("passes", "packages", "status", "message"),
    [
        (True, PACKAGES, 0, "Checked 1 of 2 packages: 0 known vulnerabilities."),
        (False, PACKAGES, 1, "Checked 1 of 2 packages: 0 known vulnerabilities."),
        (True, [*PACKAGES, FAULTY], 1, "faulty 2.0: CVE-2026-1, fixed in 2.1"),
        (True, PACKAGES[1:], 0, "The packages were not checked, because no advisory service answered"),
        (True, None, 0, "The packages were not checked, because no advisory service answered"),
    ],
    ids=["sound", "a test fails", "a vulnerability", "unknown to the service", "no network"],
)
def test_long_runs_the_long_tests_and_checks_the_packages(clone, passes, packages, status, message):
    (clone / "test_both.py").write_text(LONG_AND_SHORT.format(passes=passes))
    (clone / "pytest.ini").write_text("[pytest]\nmarkers = long: takes minutes\n")
    answer = (
        "raise SystemExit('no answer')"
        if packages is None
        else f"print({json.dumps(json.dumps({'dependencies': packages}))})"
    )
    (clone / "pip_audit.py").write_text(answer)
    ended, printed, complaint = finish(begin(clone, "test", "--long", "-p", "no:cacheprovider"))
    assert ended == status, printed + complaint
    assert message in printed and f"1 {'passed' if passes else 'failed'}, 1 deselected" in printed
    assert uv_commands(clone) == ["venv", "pip"]


# --- the tests' browser ---------------------------------------------------------------------------------------


def test_a_missing_browser_is_an_error_if_one_is_required(clone):
    nowhere = {"REQUIRE_BROWSER": "1", "DIGITLAB_CHROMIUM": str(clone / "nowhere")}
    assert_refused(begin(clone, "test", **nowhere), "The browser tests need Chromium")


def test_the_last_lines_name_the_skipped_tests_and_the_command_that_installs_chromium(clone):
    shutil.copy(run.ROOT / "pyproject.toml", clone)
    for name in ("trainer", "ui", "harness", "tests/support"):
        shutil.copytree(run.ROOT / name, clone / name)
    (clone / "tests" / "browser").mkdir(parents=True)
    shutil.copy(TESTS / "conftest.py", clone / "tests")
    (clone / "tests" / "browser" / "test_page.py").write_text(
        "import pytest\n\n\n@pytest.fixture\ndef server(): raise AssertionError('started in vain')\n\n\n"
        "def test_title(server, browser): pass\n\n\ndef test_train(server): pass\n"
    )
    status, printed, _ = finish(begin(clone, "test", "-n", "1", DIGITLAB_CHROMIUM=str(clone / "nowhere")))
    assert status == 0
    last = printed.splitlines()[-3:]
    assert last[0] == "2 tests in the browser were skipped, because no Chromium was found."
    assert last[1] == "Install Chromium with `python run.py browser`."


def test_chromium_is_found_at_the_path_in_the_environment(monkeypatch):
    monkeypatch.setenv("DIGITLAB_CHROMIUM", sys.executable)
    assert run.find_chromium() == sys.executable
