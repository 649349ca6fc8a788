"""Access control: the server answers its own pages only, and visitors cannot change or read each other's data.

Longer than 300 lines because every request and every file of a visitor is tried.
"""

import asyncio
import http.client
import json
import re
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import psutil
import pytest
from distributed.security import Security

import run as starter
from harness.browser import digit_strokes
from harness.server import ROOT, Server
from harness.visitor import Visitor, canvas_value, visit
from harness.waiting import TIMEOUT_SECONDS, wait_for
from tests.support.apps import TINY
from trainer import UserError
from trainer.drawing.collection import Collection
from trainer.jobs.engine import Engine
from trainer.networks import model, onnx_writer
from trainer.networks.checkpoint import Checkpoint
from trainer.runs.owner import owner_hash
from trainer.runs.requests import FollowedDrawing
from trainer.runs.run import Run
from trainer.runs.store import RunStore

OWNER, STRANGER = "A" * 32, "B" * 32
SECRET = np.zeros((28, 28), np.float32)  # a unique drawing
SECRET[3:25, 11:17] = np.linspace(0.3, 1, 6)
FILLED = {  # what a stranger types into the fields
    "text_input": {"string_value": "stolen"},
    "text_area": {"string_value": "stolen"},
    "number_input": {"double_value": 0.5},
}
PHASES = {"running": "train", "paused": "train", "interrupted": "train", "finished": "runs"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, few_digits: Path) -> Iterator[Server]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DIGITLAB_SLOTS", "1")  # nothing is trained here
        patch.setenv("STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL", "1")
        with Server(tmp_path_factory.mktemp("access") / "runs", few_digits) as server:
            yield server


@pytest.fixture(scope="module")
def runs(server: Server) -> Iterator[dict[str, Run]]:
    """The owner's runs by phase, each with a followed drawing, and a deleted one."""
    store, made = RunStore(server.runs), {}
    for phase in (*PHASES, "deleted"):
        run = made[phase] = store.create(TINY, owner_hash(OWNER))
        run.request("pin", **FollowedDrawing("secret", 1, SECRET).request())
        run.network_file.write_bytes(onnx_writer.to_onnx(model.weights(model.build(TINY)), TINY))
        Checkpoint(1, 20, 3.0, 0.1, {"network/dense/0": np.ones(3)}).save(run.checkpoint)
        line = {"kind": "epoch", "step": 20, "epoch": 1, "loss": 1.0, "accuracy": 0.5, "learning_rate": 0.1}
        (run.path / "history.jsonl").write_text(json.dumps(line) + "\n")
        phase = "finished" if phase == "deleted" else phase
        run.update(phase=phase, activity="training", device="CPU", data="digits", seconds=3.0, steps=20)
    store.delete(made["deleted"])
    Collection(server.runs / "drawings" / owner_hash(OWNER)).add(SECRET, 1, 7)
    end = threading.Event()

    def live() -> None:
        while not end.wait(0.5):
            made["running"].heartbeat()

    thread = threading.Thread(target=live)
    thread.start()
    yield made
    end.set()
    thread.join()


def saved_files(server: Server) -> dict[str, bytes]:
    """Return all files in the run root except the server's own."""
    own = re.compile(r"\.engine\.lock|\.ledger.*|[^/]*\.log|.*/\..*")
    found = {str(path.relative_to(server.runs)): path for path in server.runs.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not own.fullmatch(name)}


def shown(visitor: Visitor) -> str:
    """Return all elements of the page as text."""
    return "\n".join(str(element) for element in visitor.elements)


def assert_whole(visitor: Visitor) -> None:
    assert "heading" in visitor.kinds and "exception" not in visitor.kinds


# --- hosts and origins ----------------------------------------------------------------------------------


def start_training_processes(server: Server) -> None:
    """Come as the first visitor."""

    async def come() -> None:
        async with visit(server.url) as visitor:
            await visitor.open()

    asyncio.run(come())


def listening(server: Server) -> set[tuple[str, int]]:
    """Return the addresses and ports at which the server and its training processes listen."""
    process = psutil.Process(server.process.pid)
    family = [process, *process.children(recursive=True)]
    found = []
    for each in family:
        with suppress(psutil.NoSuchProcess):  # one that tells whether it can train, for example
            found += each.net_connections("inet")
    return {(one.laddr.ip, one.laddr.port) for one in found if one.status == psutil.CONN_LISTEN}


def test_the_server_and_its_training_processes_listen_on_this_computer_alone(server):
    start_training_processes(server)
    wait_for(lambda: len(listening(server)) > 1)  # Dask's scheduler as well
    assert {address for address, _ in listening(server)} <= {"127.0.0.1", "::1"}


def test_the_training_processes_let_nobody_in_without_their_certificate(server):
    start_training_processes(server)
    own = urlsplit(server.url).port
    wait_for(lambda: len(listening(server)) > 3)  # the web server, the scheduler, the worker and its nanny
    stranger = Security.temporary()  # a user of the same computer with a certificate of their own

    def closes(address: tuple[str, int], context: ssl.SSLContext | None) -> bool:
        """Return whether a connection is closed before anything of Dask's, or HTTP, comes."""
        with socket.create_connection(address, TIMEOUT_SECONDS) as connection:
            try:
                with context.wrap_socket(connection) if context else connection as stream:
                    stream.sendall(b"GET / HTTP/1.0\r\n\r\n" + bytes(64))
                    received = stream.recv(1024)
            except (ssl.SSLError, ConnectionError):
                return True
        return not received or received[:1] == b"\x15"  # TLS's alert

    nothing = ssl.create_default_context()
    nothing.check_hostname, nothing.verify_mode = False, ssl.CERT_NONE
    forged = stranger.get_connection_args("client")["ssl_context"]
    forged.verify_mode = ssl.CERT_NONE
    addresses = {address for address in listening(server) if address[1] != own}
    assert len(addresses) >= 3
    for address in addresses:
        assert all(closes(address, context) for context in (None, nothing, forged)), address


def test_metrics_are_not_for_strangers(server):
    for path in ("/_stcore/metrics", "/_stcore/metrics/", "/_stcore/%6detrics"):
        status, content = ask(server, path)
        assert status in (301, 404) and b"cache_memory_bytes" not in content


def test_run_py_listens_on_this_computer_alone_unless_started_for_a_class():
    assert "--server.address=127.0.0.1" in starter.server_command(8501, [])
    assert "--server.address=0.0.0.0" in starter.server_command(8501, ["192.0.2.7"])
    hosts = [part for part in starter.server_command(8501, ["192.0.2.7"]) if "allowedHosts" in part]
    assert "--server.allowedHosts=192.0.2.7" in hosts and not any("*" in host for host in hosts)


def ask(server: Server, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    """Send a request with exactly this path and return the response's status and content."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, answer.read() if answer.status != 101 else b""
    finally:
        connection.close()


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec_WebSocket_Version": "13",
    "Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
FOREIGN = [
    "foreign.example",
    "127.0.0.1.foreign.example",
    "localhost.foreign.example:80",
    "foreign@127.0.0.1",
    "[::ffff]",
]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_the_servers_own_page_gets_the_websocket(server, host):
    port = urlsplit(server.url).port
    own = {"Host": f"{host}:{port}", "Origin": f"http://{host}:{port}"}
    assert ask(server, "/_stcore/stream", **UPGRADE, **own)[0] == 101


@pytest.mark.parametrize("host", FOREIGN)
def test_a_foreign_host_gets_403_on_the_websocket(server, host):
    assert ask(server, "/_stcore/stream", **UPGRADE, Host=host, Origin=f"http://{host}")[0] == 403


@pytest.mark.parametrize("origin", ["http://foreign.example", "https://127.0.0.1.foreign.example", "null", "file://"])
def test_a_foreign_origin_gets_403_on_the_websocket(server, origin):
    assert ask(server, "/_stcore/stream", **UPGRADE, Origin=origin)[0] == 403


@pytest.mark.parametrize("token", ["", "forged", "2|forged|forged|1700000000"])
def test_an_upload_without_the_pages_token_is_refused(server, token):
    async def come() -> str:
        async with visit(server.url, owner=OWNER) as visitor:
            await visitor.open("data")
            path = f"/_stcore/upload_file/{visitor.session}/00000000-0000-0000-0000-000000000000"
            headers = {"Content_Type": "multipart/form-data; boundary=x", **({"X_Xsrftoken": token} if token else {})}
            part = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f.npz"\r\n\r\nx\r\n--x--\r\n'
            return await asyncio.to_thread(lambda: ask(server, path, "PUT", part, **headers)[0])

    assert asyncio.run(come()) in (400, 403)


OUTSIDE = [
    "/../../../../etc/passwd",
    "/media/../../../etc/passwd",
    "/media/%2e%2e%2f%2e%2e%2fapp.py",
    "/app/static/../app.py",
    "/static/..%2f..%2fapp.py",
    "/runs/../app.py",
    "/component/x/../../app.py",
    "/_stcore/bidi-components/../../app.py",
    "/.streamlit/config.toml",
    "/media/" + "0" * 64 + ".png",
]


@pytest.mark.parametrize("path", OUTSIDE)
def test_no_path_serves_a_file_of_the_computer(server, runs, path):
    _, content = ask(server, path)
    passwd = Path("/etc/passwd")
    for known in (ROOT / "app.py", ROOT / ".streamlit" / "config.toml", *([passwd] if passwd.is_file() else [])):
        assert known.read_bytes()[:60] not in content


@pytest.mark.parametrize("name", ["state.json", "requests.jsonl", "history.jsonl", "checkpoint.npz"])
def test_no_address_serves_the_files_of_a_run(server, runs, name):
    run = runs["finished"]
    content = (run.path / name).read_bytes()
    for folder in ("/runs", "/media", "/app/static", run.path.parent):
        assert content not in ask(server, f"{folder}/{run.id}/{name}")[1]


# --- open files ---------------------------------------------------------------------------------


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="open files are counted in /proc")
def test_departed_visitors_leave_no_open_files_and_many_fit(server):
    process, visitors = psutil.Process(server.process.pid), 5

    def event_loops() -> int:
        """Return how many there are: one of each session, which keeps three files open, and a few of the server."""
        names = []
        for file in Path(f"/proc/{process.pid}/fd").iterdir():
            with suppress(FileNotFoundError):
                names.append(str(file.readlink()))
        return names.count("anon_inode:[eventpoll]")

    async def come() -> int:
        async with AsyncExitStack() as stack:
            for _ in range(visitors):
                await (await stack.enter_async_context(visit(server.url))).open("data")
            return event_loops()

    most = asyncio.run(come())
    assert most >= visitors
    wait_for(lambda: event_loops() <= most - visitors + 1)  # the connection to the training processes may have begun
    soft, hard = process.rlimit(psutil.RLIMIT_NOFILE)
    assert soft == psutil.RLIM_INFINITY or soft >= min(hard, 65_536) or hard == psutil.RLIM_INFINITY
    wait_for(lambda: sum(file.path.endswith("x_train.npy") for file in process.open_files()) <= 1)


# --- visitors ----------------------------------------------------------------------------------


@pytest.mark.parametrize("phase", [*PHASES, "deleted"])
def test_controls_of_the_owner_do_nothing_for_a_stranger(server, runs, phase):
    page = "runs" if phase == "deleted" else PHASES[phase]
    query = "" if phase == "deleted" else f"run={runs[phase].id}"

    async def forge() -> int:
        async with visit(server.url, owner=OWNER) as mine, visit(server.url, owner=STRANGER) as other:
            await mine.open(page, query)
            await other.open(page, query)
            controls = {id: kind for id, kind in mine.widgets.items() if id not in other.widgets}
            filled = [{"id": id, **FILLED[kind]} for id, kind in controls.items() if kind in FILLED]
            for id, kind in controls.items():
                await other.set_states([*filled, *([{"id": id, "trigger_value": True}] if kind == "button" else [])])
                assert_whole(other)
            return len(controls)

    before = saved_files(server)
    assert asyncio.run(forge()) > 0
    assert saved_files(server) == before


def test_the_same_controls_work_for_the_owner(server, runs):
    """Otherwise the test of forged messages would prove nothing."""

    async def press() -> None:
        async with visit(server.url, owner=OWNER) as mine:
            await mine.open("train", f"run={runs['running'].id}")
            await mine.set("steer.pause", trigger_value=True)
            await mine.open("runs", f"run={runs['finished'].id}")
            await mine.set("run.pin", trigger_value=True)

    asyncio.run(press())
    assert runs["running"].requests.end == "pause"
    assert runs["finished"].read().label.pinned


@pytest.mark.parametrize("token", [STRANGER, "", owner_hash(OWNER), OWNER.lower(), OWNER + "A", "../" + OWNER])
def test_the_engine_refuses_everybody_but_the_owner(tmp_path, cluster, token):
    store = RunStore(tmp_path / "engine")
    finished, running, gone = (store.create(TINY, owner_hash(OWNER)) for _ in range(3))
    finished.update(phase="finished")
    gone.update(phase="finished")
    running.update(phase="running")
    store.delete(gone)
    engine = Engine(store.root, address=cluster.scheduler_address)
    tries = [
        *(lambda kind=kind: engine.request(running.id, kind, token) for kind in ("stop", "pause", "resume")),
        lambda: engine.request(running.id, "learning_rate", token, value=0.5),
        lambda: engine.request(running.id, "epochs", token, value=9),
        lambda: engine.request(running.id, "pin", token, **FollowedDrawing("x", 1, SECRET).request()),
        lambda: engine.request(finished.id, "resume", token),
        lambda: engine.describe(finished.id, token, name="stolen"),
        lambda: engine.describe(finished.id, token, note="stolen"),
        lambda: engine.describe(finished.id, token, pinned=True),
        lambda: engine.delete(finished.id, token),
        lambda: engine.restore(gone.id, token),
    ]
    try:
        for attempt in tries:
            with pytest.raises(UserError, match=r"^Only its owner can [^\n]+\.$"):
                attempt()
    finally:
        engine.close()
    assert [run.id for run in store.deleted()] == [gone.id]
    view = finished.read()
    assert view.name != "stolen" and not view.label.note and not view.label.pinned
    assert not (running.path / "requests.jsonl").exists() and running.state.phase == "running"


def test_a_visitor_sees_nothing_of_anothers_drawings_and_form(server, runs):
    async def look(token: str, drawing: bool = False) -> tuple[str, str]:
        """Return what the form shows without a link, and what the other pages show."""
        async with visit(server.url, owner=token) as visitor:
            if drawing:
                await visitor.open("train", f"config={TINY.to_link()}")
                await visitor.open()
                await visitor.set("canvas", json_value=canvas_value(digit_strokes(3)))
            await visitor.open("train")
            form, seen = shown(visitor), ""
            for page in ("draw", "train", "runs"):
                await visitor.open(page, "" if page == "draw" else f"run={runs['finished'].id}")
                seen += shown(visitor)
            return form, seen

    async def both() -> list[tuple[str, str]]:
        return [await look(OWNER, drawing=True), await look(STRANGER)]

    (form, mine), (other_form, other) = asyncio.run(both())
    assert "16 relu" in form and "16 relu" not in other_form
    assert "1 drawing, 0 read correctly" in mine and "read correctly**" not in other
    assert "##### Followed digits" in mine and "##### Followed digits" not in other
    assert "by you" in mine and "by somebody else" in other


FORGED_TOKENS = {
    "nothing": "",
    "the hash, which is public": owner_hash(OWNER),
    "a letter more": OWNER + "A",
    "a letter less": OWNER[:-1],
    "a path": "../" * 10 + "etc",
    "a path of 32 letters": "../" * 10 + "aa",
    "HTML": "<script>alert(1)</script>",
    "a star": "*" * 32,
    "4,000 letters": "A" * 4_000,  # servers read 8,000 of a header
    "a line": OWNER + "%0d%0aSet-Cookie:x=1",
}


@pytest.mark.parametrize("token", FORGED_TOKENS.values(), ids=FORGED_TOKENS)
def test_a_forged_cookie_gives_no_ownership_and_creates_no_path(server, runs, token):
    async def come() -> None:
        async with visit(server.url) as nobody:
            await nobody.open("runs", f"run={runs['finished'].id}")
            expected = len(nobody.widgets)
        async with visit(server.url, owner=token or " ") as visitor:
            await visitor.open("runs", f"run={runs['finished'].id}")
            assert_whole(visitor)
            assert "by somebody else" in shown(visitor)
            assert len(visitor.widgets) <= expected + 1  # and the component that sets the cookie
            await visitor.open()
            await visitor.set("canvas", json_value=canvas_value(digit_strokes(3)))
            assert "read correctly**" not in shown(visitor)

    before = saved_files(server)
    asyncio.run(come())
    assert saved_files(server) == before
    assert all(re.fullmatch(r"[0-9a-f]{64}", folder.name) for folder in (server.runs / "drawings").iterdir())
