"""Set up Digit Lab, then start it (`python run.py`) or test it (`python run.py test`).

Longer than 300 lines because it is all that runs before anything is installed: standard library only. Python 3.8 must
be able to parse it, so that an old Python prints one clear sentence instead of a syntax error.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
# Hashes of the installed requirements; empty while an installation is under way or after it was killed.
STAMP = VENV / "requirements.stamp"
APP = ("requirements.txt",)
TESTS = (*APP, "requirements-test.txt")
LONG = (*TESTS, "requirements-long.txt")
CHROMIUM_PACKAGES = ("chromium-headless-shell", "chromium")  # Debian's; a page takes a sixth less without windows
FAST = ["-m", "not slow and not long"]
PARALLEL = ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"]  # one file for each core of a small machine

PYTHONS = ((3, 11), (3, 12), (3, 13))  # Streamlit needs 3.11, TensorFlow has no wheels for 3.14
DISK_GB = {False: 3, True: 8}  # size of .venv without and with CUDA
PORT = 8501

# By default glibc gives each thread a heap and Arrow keeps one of its own: 30 MB that the web server does not need.
SERVER_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
# Streamlit installs its own Ctrl-C handler only after its imports: without this one they would end in a traceback.
STREAMLIT = (
    "import os, signal; signal.signal(signal.SIGINT, lambda *_: os._exit(0)); "
    "from streamlit.web.cli import main; main(prog_name='streamlit')"
)

HELP = """other commands:
  python run.py test [PYTEST ARGUMENTS]         run every test, those in a browser too, or those that pytest selects
  python run.py test --fast [PYTEST ARGUMENTS]  run the tests without the app, processes and browsers: under a minute
  python run.py test --long [PYTEST ARGUMENTS]  run the tests that take minutes, then check packages for vulnerabilities
  python run.py browser                         install Chromium for the tests"""


class SetupError(Exception):
    """One sentence for the user: what is wrong and what to do."""


def main(arguments: list[str]) -> int:
    try:
        check_python(sys.version_info[:3], sys.maxsize > 2**32, sys.platform, platform.machine())
        if arguments[:2] == ["test", "--long"]:
            return test_long(arguments[2:])
        if arguments[:2] == ["test", "--fast"]:
            test_fast(arguments[2:])
        elif arguments[:1] == ["test"]:
            test(arguments[1:])
        elif arguments == ["browser"]:
            install_requirements(TESTS)
            install_chromium()
        else:
            start(arguments)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"Digit Lab could not be set up: {error}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def check_python(version: tuple[int, ...], is_64_bit: bool, system: str, machine: str) -> None:
    """Raise SetupError if TensorFlow or Streamlit has no build for this Python."""
    if version[:2] not in PYTHONS:
        raise SetupError(
            f"Digit Lab needs Python 3.11, 3.12 or 3.13 (this is {'.'.join(map(str, version))}): install one of them "
            "and run it again, for example with `python3.12 run.py`."
        )
    if not is_64_bit:
        raise SetupError("Digit Lab needs a 64-bit Python (this one is 32-bit): install a 64-bit one and use it.")
    if (system, machine) == ("darwin", "x86_64"):
        raise SetupError(
            "Digit Lab needs a Mac with an Apple chip and a Python built for it (this one is built for Intel): "
            "TensorFlow no longer supports Intel Macs."
        )


# --- start ----------------------------------------------------------------------------------------------------


def start(arguments: list[str]) -> None:
    """Check the options, set up, and replace this process with the server."""
    parser = argparse.ArgumentParser(
        prog="run.py",
        description="Set up Digit Lab in .venv and start it.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--lan", action="store_true", help="let other computers on the network open it, as in a class")
    parser.add_argument(
        "--class",
        dest="classroom",
        nargs="?",
        const="",
        metavar="TITLE",
        help="open a class and print its code and the teacher's link; implies --lan. The code of a class that is there "
        "instead of a title prints a new link to it",
    )
    parser.add_argument("--port", type=int, default=PORT, help="port of the web server (default: %(default)s)")
    parser.add_argument("--data", type=Path, metavar="FILE", help="MNIST as an .npz file in Keras's layout")
    options = parser.parse_args(arguments)
    has_class = options.classroom is not None
    options.lan = options.lan or has_class

    if options.data:
        if not options.data.is_file():
            raise SetupError(f"There is no file {options.data}: give --data the path of an .npz file.")
        os.environ["DIGITLAB_DATA"] = str(options.data.resolve())
    check_port("0.0.0.0" if options.lan else "127.0.0.1", options.port)
    addresses = lan_addresses() if options.lan else []
    if options.lan and not addresses:
        option = "--class" if has_class else "--lan"
        raise SetupError(f"{option} found no network: connect this computer to the class's network, or leave it out.")

    install_requirements(APP)
    if addresses:
        print(f"The class opens http://{addresses[0]}:{options.port}")
        if addresses[1:]:
            print(f"This computer's other addresses: {', '.join(addresses[1:])}")
        print("Warning: everyone on this network can open it and train networks on this computer. Ctrl-C stops it.")
    if has_class:
        open_class(options.classroom, f"http://{addresses[0]}:{options.port}", f"http://localhost:{options.port}")
    for name, value in SERVER_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    replace_process(server_command(options.port, addresses))


def open_class(title: str, address: str, here: str) -> None:
    """Open a class, or renew its teacher's link, and print both. title: or the code of a class that is there."""
    command = [str(PYTHON), "-m", "trainer.classroom.console", f"--address={address}", f"--here={here}", "--", title]
    sys.stdout.flush()
    if subprocess.call(command, cwd=str(ROOT)):
        raise SetupError("The class could not be opened (see the line above).")


def check_port(address: str, port: int) -> None:
    """Raise SetupError if the server cannot listen on this port."""
    if not 1 <= port <= 65535:
        raise SetupError(f"--port must be between 1 and 65535 (got {port}): leave it out to use {PORT}.")
    try:
        socket.create_server((address, port)).close()
    except PermissionError:
        raise SetupError(f"Port {port} needs administrator rights: choose a port above 1023 with --port.") from None
    except OSError:
        other = port + 1 if port < 65535 else PORT
        raise SetupError(
            f"Port {port} is in use: stop the program that uses it, or choose another port with `--port {other}`."
        ) from None


def lan_addresses() -> list[str]:
    """Return this computer's IPv4 addresses on the network, the most likely one first."""
    found = []
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: it only selects the address that leads outside
        found.append(probe.getsockname()[0])
    with contextlib.suppress(OSError):
        found += socket.gethostbyname_ex(socket.gethostname())[2]
    for command in (["ip", "-4", "addr"], ["ifconfig"]):
        with contextlib.suppress(OSError):
            found += re.findall(
                r"inet (?:addr:)?([\d.]+)", subprocess.run(command, capture_output=True, text=True).stdout
            )
    return [address for address in dict.fromkeys(found) if not address.startswith(("127.", "0."))]


def server_command(port: int, lan: list[str]) -> list[str]:
    """Return the command that starts the server: for this computer, or for a class if it has `lan` addresses."""
    options = {"server.address": "0.0.0.0" if lan else "127.0.0.1", "server.port": port, "server.headless": "true"}
    if lan:
        options["browser.serverAddress"] = lan[0]  # what Streamlit prints
    command = [str(PYTHON), "-c", STREAMLIT, "run", "app.py"]
    command += [f"--{name}={value}" for name, value in options.items()]
    # Without this list another website could reach the server under its own name (DNS rebinding).
    name = socket.gethostname()
    own = [*lan, name, f"{name}.local"] if lan else []
    return command + [f"--server.allowedHosts={host}" for host in ["localhost", "127.0.0.1", *own]]


def replace_process(command: list[str]) -> None:
    """Replace this process with the command, which then gets the signals and sets the exit status."""
    os.chdir(ROOT)
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(command[0], command)
    process = subprocess.Popen(command)  # exec on Windows would return to the prompt at once
    while process.poll() is None:
        with contextlib.suppress(KeyboardInterrupt):  # Ctrl-C reaches the command as well
            process.wait()
    sys.exit(process.returncode)


# --- set up ---------------------------------------------------------------------------------------------------


def install_requirements(files: tuple[str, ...]) -> None:
    """Create .venv and install the last of these files in it, unless the stamp says that this was done."""
    has_gpu = sys.platform == "linux" and shutil.which("nvidia-smi") is not None
    stamps = stamps_of(files, has_gpu)
    if not is_installed(stamps[-1]):
        with venv_lock():
            if not is_installed(stamps[-1]):  # another run.py may have done it meanwhile
                install(files[-1], has_gpu and gpu_responds())
                STAMP.write_text("\n".join(stamps))


def stamps_of(files: tuple[str, ...], has_gpu: bool) -> list[str]:
    """Return a hash for each file and those before it: with the tests' packages, the app's are installed too."""
    content = hashlib.sha256(b"gpu" if has_gpu else b"cpu")
    stamps = []
    for name in files:
        content.update((ROOT / name).read_bytes())
        stamps.append(content.hexdigest())
    return stamps


def is_installed(stamp: str) -> bool:
    return is_venv_usable() and STAMP.exists() and stamp in STAMP.read_text().split()


def is_venv_usable() -> bool:
    """Return whether .venv exists, fits this Python version, and holds no interrupted installation."""
    if not PYTHON.exists() or not (VENV / "pyvenv.cfg").exists() or (STAMP.exists() and not STAMP.read_text()):
        return False
    version = re.search(r"^version(_info)? *= *(\d+\.\d+)", (VENV / "pyvenv.cfg").read_text(), re.MULTILINE)
    return version is not None and version[2] == "{}.{}".format(*sys.version_info)


def install(file: str, gpu: bool) -> None:
    stamp_before = ""
    if is_venv_usable():
        stamp_before = STAMP.read_text() if STAMP.exists() else "not made by run.py"
    else:
        if VENV.exists():
            shutil.rmtree(VENV)
        check_disk(shutil.disk_usage(ROOT).free / 1e9, DISK_GB[gpu])
        VENV.mkdir()
    STAMP.write_text("")

    print("Installing the packages into .venv: this takes a few minutes, once.", flush=True)
    base = getattr(sys, "_base_executable", sys.executable)  # the Python in .venv may just have been deleted
    if shutil.which("uv"):
        make = ["uv", "venv", "--quiet", "--allow-existing", "--python", base, str(VENV)]
        add = ["uv", "pip", "install", "--python", str(PYTHON)]
    else:
        make = [base, "-m", "venv", str(VENV)]
        add = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
    add += ["-r", str(ROOT / file)]
    if gpu:
        add.append(cuda_requirement((ROOT / APP[0]).read_text()))
    if subprocess.call(make):
        raise SetupError(
            ".venv could not be created (see the lines above): "
            "on Debian and Ubuntu, `apt install python3-venv` may help."
        )
    if subprocess.call(add):
        STAMP.write_text(stamp_before)  # uv and pip restore the packages that they began to replace
        raise SetupError(
            "The packages could not be installed (see the lines above): "
            "check the network and the disk, then run this again."
        )


def check_disk(free: float, needed: float) -> None:
    if free < needed:
        raise SetupError(
            f"Digit Lab needs {needed} GB of disk space ({free:.1f} GB are free in {ROOT}): "
            "free some space, or move the folder to a larger disk."
        )


def gpu_responds() -> bool:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(["nvidia-smi"], capture_output=True, timeout=30).returncode == 0
    return False


def cuda_requirement(requirements: str) -> str:
    """Return TensorFlow's line of the requirements, with the extra that installs CUDA."""
    return re.sub("^tensorflow", "tensorflow[and-cuda]", next(re.finditer("^tensorflow.*", requirements, re.M))[0])


@contextlib.contextmanager
def venv_lock() -> Iterator[None]:
    """Let only one run.py at a time change .venv; the others wait."""
    with (ROOT / ".venv.lock").open("w") as file:
        with contextlib.suppress(ImportError):  # Windows has no fcntl
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)  # released when the process ends, however it ends
        yield


# --- test -----------------------------------------------------------------------------------------------------


def test(arguments: list[str]) -> None:
    """Set up and run pytest; with REQUIRE_BROWSER=1, no browser test may be skipped."""
    replace_process(pytest(TESTS, arguments or PARALLEL))


def test_fast(arguments: list[str]) -> None:
    """Set up and run the tests that are not marked as slow: see tests/conftest.py."""
    replace_process(pytest(TESTS, [*FAST, *(arguments or PARALLEL)]))


def test_long(arguments: list[str]) -> int:
    """Set up, run the tests that take minutes, check the packages, and return the exit status."""
    os.chdir(ROOT)
    failed = subprocess.call(pytest(LONG, ["-m", "long", *arguments]))
    return audit() or failed


def pytest(files: tuple[str, ...], arguments: list[str]) -> list[str]:
    """Set up and return the command that runs pytest."""
    install_requirements(files)
    if os.environ.get("REQUIRE_BROWSER") == "1":
        install_chromium()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a hundred processes would each compile their imports again
    return [str(PYTHON), "-m", "pytest", *arguments]


def audit() -> int:
    """Print the known vulnerabilities of the installed packages and return the exit status: 1 if there are any."""
    command = [str(PYTHON), "-m", "pip_audit", "--format=json", "--progress-spinner=off"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=600).stdout
        packages = json.loads(output.rstrip().rpartition("\n")[2])["dependencies"]  # the last line
    except (ValueError, subprocess.TimeoutExpired):
        packages = []
    checked = [package for package in packages if "vulns" in package]  # the service knows nothing of the others
    found = [(package, vulnerability) for package in checked for vulnerability in package["vulns"]]
    for package, vulnerability in found:
        versions = vulnerability.get("fix_versions")
        remedy = f"fixed in {', '.join(versions)}" if versions else "not fixed yet"
        print(f"{package['name']} {package['version']}: {vulnerability['id']}, {remedy}")
    if checked:
        print(f"Checked {len(checked)} of {len(packages)} packages: {len(found)} known vulnerabilities.")
    else:
        print("The packages were not checked, because no advisory service answered: run this again with a network.")
    return 1 if found else 0


def install_chromium() -> None:
    """Install Chromium if there is none. Raise SetupError if that fails."""
    if "DIGITLAB_CHROMIUM" not in os.environ and not find_chromium():
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        if is_root and shutil.which("apt-get"):
            subprocess.call(["apt-get", "update"])
            for package in CHROMIUM_PACKAGES:
                if subprocess.call(["apt-get", "install", "-y", "--no-install-recommends", package]) == 0:
                    break
        if not find_chromium():
            command = [str(PYTHON), "-m", "playwright", "install", "chromium"]
            subprocess.call([*command, "--with-deps"] if is_root and sys.platform == "linux" else command)
    if not find_chromium():
        raise SetupError(
            "The browser tests need Chromium, and none could be found or installed: "
            "install Chromium or Chrome, or set DIGITLAB_CHROMIUM to its path."
        )


def find_chromium(python: Path = PYTHON) -> str | None:
    """Return the path of a Chromium: DIGITLAB_CHROMIUM, the system's, or this Python's Playwright's, or None."""
    if "DIGITLAB_CHROMIUM" in os.environ:
        return shutil.which(os.environ["DIGITLAB_CHROMIUM"])
    applications = "/Applications/{0}.app/Contents/MacOS/{0}"
    names = [*CHROMIUM_PACKAGES, "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
    for name in [*names, applications.format("Chromium"), applications.format("Google Chrome")]:
        if shutil.which(name):
            return shutil.which(name)
    script = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    output = subprocess.run([str(python), "-c", script], capture_output=True, text=True).stdout
    return shutil.which(output.strip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
