"""Set up Digit Lab and start it (`python run.py`) or test it (`python run.py test`, `python run.py test --long`).

Standard library only. Python 3.8 must be able to read this file: an old Python, too, gets its one sentence.
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
# The hashes of what was installed; empty from the moment an install begins until it has succeeded.
STAMP = VENV / "requirements.stamp"
APP = ("requirements.txt",)
TESTS = (*APP, "requirements-test.txt")
LONG = (*TESTS, "requirements-long.txt")
CHROMIUM = ("chromium-headless-shell", "chromium")  # Debian's; without windows a page takes a sixth less
SIDE_BY_SIDE = ["-n", "2", "--dist", "loadfile"]  # all tests, by files: most of them wait for another process

PYTHONS = ((3, 11), (3, 12), (3, 13))  # Streamlit needs 3.11, TensorFlow has no wheels for 3.14
SPACE = {False: 3, True: 8}  # GB that .venv takes, without and with CUDA
PORT = 8501

# glibc would give each thread a heap of its own, and Arrow keep one too: 30 MB that a server of pages does not need.
SERVER_ENVIRONMENT = {"MALLOC_ARENA_MAX": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}
# Until Streamlit has its own handler, Ctrl-C would end in a traceback.
STREAMLIT = (
    "import os, signal; signal.signal(signal.SIGINT, lambda *_: os._exit(0)); "
    "from streamlit.web.cli import main; main(prog_name='streamlit')"
)


class Refusal(Exception):
    """What stands in the way and what to do about it, in one sentence."""


def main(arguments: list[str]) -> int:
    try:
        check_python(sys.version_info[:3], sys.maxsize > 2**32, sys.platform, platform.machine())
        if arguments[:2] == ["test", "--long"]:
            return test_long(arguments[2:])
        if arguments[:1] == ["test"]:
            test(arguments[1:])
        elif arguments == ["browser"]:
            prepare(TESTS)
            bring_chromium()
        else:
            start(arguments)
    except Refusal as refusal:
        print(refusal, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"Digit Lab could not be set up: {error}.", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def check_python(version: tuple[int, ...], is_64_bit: bool, system: str, machine: str) -> None:
    """Raise Refusal where TensorFlow or Streamlit has no build for this Python."""
    if version[:2] not in PYTHONS:
        raise Refusal(
            f"Digit Lab needs Python 3.11, 3.12 or 3.13 (this is {'.'.join(map(str, version))}): install one of them "
            "and start with it, for example `python3.12 run.py`."
        )
    if not is_64_bit:
        raise Refusal("Digit Lab needs a 64-bit Python (this one is 32-bit): install a 64-bit one and start with it.")
    if (system, machine) == ("darwin", "x86_64"):
        raise Refusal(
            "Digit Lab needs a Mac with an Apple chip and a Python built for it (this one is built for Intel): "
            "TensorFlow is no longer made for Intel Macs."
        )


# --- start ----------------------------------------------------------------------------------------------------


def start(arguments: list[str]) -> None:
    """Check what was asked, set up, and become the server."""
    parser = argparse.ArgumentParser(
        prog="run.py",
        description="Set up Digit Lab and start it.",
        epilog="`python run.py test [pytest's arguments]` tests it, `test --long` with what takes minutes; "
        "`python run.py browser` brings the tests' browser.",
    )
    parser.add_argument("--lan", action="store_true", help="let a class open it: listen on every network")
    parser.add_argument("--port", type=int, default=PORT, help="the address's last part (default: %(default)s)")
    parser.add_argument("--data", type=Path, metavar="FILE", help="MNIST as an .npz file in Keras's layout")
    options = parser.parse_args(arguments)

    if options.data:
        if not options.data.is_file():
            raise Refusal(f"There is no file {options.data}: give --data the path of an .npz file.")
        os.environ["DIGITLAB_DATA"] = str(options.data.resolve())
    check_port("0.0.0.0" if options.lan else "127.0.0.1", options.port)
    addresses = lan_addresses() if options.lan else []
    if options.lan and not addresses:
        raise Refusal("--lan found no network: connect this computer to the class's network, or leave --lan out.")

    prepare(APP)
    if addresses:
        print(f"The class opens http://{addresses[0]}:{options.port}")
        if addresses[1:]:
            print(f"This computer's other addresses: {', '.join(addresses[1:])}")
        print("Warning: everyone on this network can open it and train networks on this computer. Ctrl-C ends it.")
    for name, value in SERVER_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    become(server_command(options.port, addresses))


def check_port(address: str, port: int) -> None:
    """Raise Refusal where the server could not listen."""
    if not 1 <= port <= 65535:
        raise Refusal(f"--port must be from 1 to 65535 (got {port}): leave it out to use {PORT}.")
    try:
        socket.create_server((address, port)).close()
    except PermissionError:
        raise Refusal(
            f"Port {port} may not be used without special rights: choose one above 1023 with --port."
        ) from None
    except OSError:
        other = port + 1 if port < 65535 else PORT
        raise Refusal(
            f"Port {port} is in use: end the program that uses it, or choose another port with `--port {other}`."
        ) from None


def lan_addresses() -> list[str]:
    """Return the IPv4 addresses under which others find this computer, the likeliest first."""
    found = []
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing: it only asks which of our addresses leads outside
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
    """Return the command that serves the app here, or, with this computer's addresses, to a class."""
    options = {"server.address": "0.0.0.0" if lan else "127.0.0.1", "server.port": port, "server.headless": "true"}
    if lan:
        options["browser.serverAddress"] = lan[0]  # what Streamlit prints
    command = [str(PYTHON), "-c", STREAMLIT, "run", "app.py"]
    command += [f"--{name}={value}" for name, value in options.items()]
    # Without this list a foreign page could reach the server under a name of its own (DNS rebinding).
    name = socket.gethostname()
    own = [*lan, name, f"{name}.local"] if lan else []
    return command + [f"--server.allowedHosts={host}" for host in ["localhost", "127.0.0.1", *own]]


def become(command: list[str]) -> None:
    """Give this process to the command, so that signals reach it and its exit status is ours."""
    os.chdir(ROOT)
    sys.stdout.flush()
    if os.name != "nt":
        os.execv(command[0], command)
    process = subprocess.Popen(command)  # Windows' own exec would give the prompt back at once
    while process.poll() is None:
        with contextlib.suppress(KeyboardInterrupt):  # the command gets it too
            process.wait()
    sys.exit(process.returncode)


# --- set up ---------------------------------------------------------------------------------------------------


def prepare(files: tuple[str, ...]) -> None:
    """Make .venv and install the requirements there, unless its stamp says that this was done."""
    has_gpu = sys.platform == "linux" and shutil.which("nvidia-smi") is not None
    stamps = stamps_of(files, has_gpu)
    if not is_installed(stamps[-1]):
        with lock():
            if not is_installed(stamps[-1]):  # by another run.py, while this one waited
                install(files[-1], has_gpu and gpu_answers())
                STAMP.write_text("\n".join(stamps))


def stamps_of(files: tuple[str, ...], has_gpu: bool) -> list[str]:
    """Return a hash of each file with those before it: where the tests' packages are, the app's are too."""
    content = hashlib.sha256(b"gpu" if has_gpu else b"cpu")
    stamps = []
    for name in files:
        content.update((ROOT / name).read_bytes())
        stamps.append(content.hexdigest())
    return stamps


def is_installed(stamp: str) -> bool:
    return is_sound() and STAMP.exists() and stamp in STAMP.read_text().split()


def is_sound() -> bool:
    """Tell whether .venv is there, made for this version of Python, and no install in it was broken off."""
    if not PYTHON.exists() or not (VENV / "pyvenv.cfg").exists() or (STAMP.exists() and not STAMP.read_text()):
        return False
    version = re.search(r"^version(_info)? *= *(\d+\.\d+)", (VENV / "pyvenv.cfg").read_text(), re.MULTILINE)
    return version is not None and version[2] == "{}.{}".format(*sys.version_info)


def install(file: str, gpu: bool) -> None:
    stamp_before = ""
    if is_sound():
        stamp_before = STAMP.read_text() if STAMP.exists() else "made by somebody else"
    else:
        if VENV.exists():
            shutil.rmtree(VENV)
        check_space(shutil.disk_usage(ROOT).free / 1e9, SPACE[gpu])
        VENV.mkdir()
    STAMP.write_text("")

    print("Installing what Digit Lab needs into .venv: this takes some minutes, once.", flush=True)
    base = getattr(sys, "_base_executable", sys.executable)  # .venv's own Python may just have been removed
    if shutil.which("uv"):
        make = ["uv", "venv", "--quiet", "--allow-existing", "--python", base, str(VENV)]
        add = ["uv", "pip", "install", "--python", str(PYTHON)]
    else:
        make = [base, "-m", "venv", str(VENV)]
        add = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check"]
    add += ["-r", str(ROOT / file)]
    if gpu:
        add.append(with_cuda((ROOT / APP[0]).read_text()))
    if subprocess.call(make):
        raise Refusal(
            ".venv could not be made, for the reason in the lines above: "
            "on Debian and Ubuntu `apt install python3-venv` brings what may be missing."
        )
    if subprocess.call(add):
        STAMP.write_text(stamp_before)  # uv and pip put back what they had begun to replace
        raise Refusal(
            "The packages could not be installed, for the reason in the lines above: "
            "check the network and the disk and run this again."
        )


def check_space(free: float, needed: float) -> None:
    if free < needed:
        raise Refusal(
            f"Digit Lab needs {needed} GB of disk space (there are {free:.1f} GB in {ROOT}): "
            "free some, or move the folder to a larger disk."
        )


def gpu_answers() -> bool:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        return subprocess.run(["nvidia-smi"], capture_output=True, timeout=30).returncode == 0
    return False


def with_cuda(requirements: str) -> str:
    """Return the requirements' line of TensorFlow, with the libraries for NVIDIA's GPUs."""
    return re.sub("^tensorflow", "tensorflow[and-cuda]", next(re.finditer("^tensorflow.*", requirements, re.M))[0])


@contextlib.contextmanager
def lock() -> Iterator[None]:
    """Let one run.py at a time change .venv; the others wait."""
    with (ROOT / ".venv.lock").open("w") as file:
        with contextlib.suppress(ImportError):  # Windows has no fcntl
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)  # ends with the process, whatever ends it
        yield


# --- test -----------------------------------------------------------------------------------------------------


def test(arguments: list[str]) -> None:
    """Set up and become pytest; with REQUIRE_BROWSER=1 no test in the browser may be skipped."""
    become(pytest(TESTS, arguments or SIDE_BY_SIDE))


def test_long(arguments: list[str]) -> int:
    """Set up, pass the tests that take minutes, look the packages up, and return the exit status."""
    os.chdir(ROOT)
    failed = subprocess.call(pytest(LONG, ["-m", "long", *arguments]))
    return audit() or failed


def pytest(files: tuple[str, ...], arguments: list[str]) -> list[str]:
    """Set up and return the command that tests."""
    prepare(files)
    if os.environ.get("REQUIRE_BROWSER") == "1":
        bring_chromium()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # else a hundred processes compile all that they import anew
    return [str(PYTHON), "-m", "pytest", *arguments]


def audit() -> int:
    """Tell which of the installed packages have known vulnerabilities; the exit status is 1 where one has."""
    command = [str(PYTHON), "-m", "pip_audit", "--format=json", "--progress-spinner=off"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=600).stdout
        packages = json.loads(answer.rstrip().rpartition("\n")[2])["dependencies"]  # the last line
    except (ValueError, subprocess.TimeoutExpired):
        packages = []
    known = [package for package in packages if "vulns" in package]  # of the others nobody answered
    found = [(package, fault) for package in known for fault in package["vulns"]]
    for package, fault in found:
        remedy = f"fixed in {', '.join(fault['fix_versions'])}" if fault.get("fix_versions") else "not fixed yet"
        print(f"{package['name']} {package['version']}: {fault['id']}, {remedy}")
    if known:
        print(f"{len(known)} of {len(packages)} packages were audited: {len(found)} known vulnerabilities.")
    else:
        print("The packages were not audited, since no advisory service answered: run this again with a network.")
    return 1 if found else 0


def bring_chromium() -> None:
    """Install a Chromium where there is none. Raise Refusal where that fails."""
    if "DIGITLAB_CHROMIUM" not in os.environ and not find_chromium():
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        if is_root and shutil.which("apt-get"):
            subprocess.call(["apt-get", "update"])
            for package in CHROMIUM:
                if subprocess.call(["apt-get", "install", "-y", "--no-install-recommends", package]) == 0:
                    break
        if not find_chromium():
            own = [str(PYTHON), "-m", "playwright", "install", "chromium"]
            subprocess.call([*own, "--with-deps"] if is_root and sys.platform == "linux" else own)
    if not find_chromium():
        raise Refusal(
            "The tests in the browser need a Chromium and none could be found or installed: "
            "install Chromium or Chrome, or let DIGITLAB_CHROMIUM be its path."
        )


def find_chromium(python: Path = PYTHON) -> str | None:
    """Return a Chromium's path: what DIGITLAB_CHROMIUM names, the system's, or that of this Python's Playwright."""
    if "DIGITLAB_CHROMIUM" in os.environ:
        return shutil.which(os.environ["DIGITLAB_CHROMIUM"])
    applications = "/Applications/{0}.app/Contents/MacOS/{0}"
    names = [*CHROMIUM, "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
    for name in [*names, applications.format("Chromium"), applications.format("Google Chrome")]:
        if shutil.which(name):
            return shutil.which(name)
    ask = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"
    answer = subprocess.run([str(python), "-c", ask], capture_output=True, text=True)
    return shutil.which(answer.stdout.strip())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
