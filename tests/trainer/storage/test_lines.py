"""Growing files of JSON lines: what is read, what is skipped, and how much stays in memory."""

import threading
from concurrent.futures import ThreadPoolExecutor

from harness.waiting import TIMEOUT_SECONDS
from trainer.storage import lines
from trainer.storage.files import json_line, open_regular_file, write_atomically
from trainer.storage.lines import MEMORY_FACTOR, RECORD_BYTES, LineReader
from trainer.storage.memory import OVERHEAD_BYTES


def test_new_lines_are_read_and_damaged_ones_skipped(tmp_path):
    reader, path = LineReader(), tmp_path / "history.jsonl"
    assert reader.read(path) == []
    path.write_bytes(json_line({"step": 1}) + b'\xff{"kind"\n[3]\n' + json_line({"step": 2}))
    assert [record["step"] for record in reader.read(path)] == [1, 2]
    with path.open("ab") as file:
        file.write(b'{"kind": "epoch", "st')
    assert len(reader.read(path)) == 2  # the last line is incomplete
    with path.open("ab") as file:
        file.write(b'ep": 3}\n')
    assert [record["step"] for record in reader.read(path)] == [1, 2, 3]


def test_a_replaced_file_is_read_from_its_beginning(tmp_path):
    reader, path = LineReader(), tmp_path / "history.jsonl"
    path.write_bytes(json_line({"step": 1}) + json_line({"step": 2}))
    assert len(reader.read(path)) == 2
    write_atomically(
        path, json_line({"step": 1}) + json_line({"step": 5}) + json_line({"step": 6})
    )  # longer than before
    assert [record["step"] for record in reader.read(path)] == [1, 5, 6]
    path.unlink()
    assert reader.read(path) == []


def test_invalid_records_are_skipped(tmp_path):
    reader, path = LineReader(lambda record: record.get("step", 0) > 0), tmp_path / "history.jsonl"
    path.write_bytes(json_line({"step": -1}) + json_line({"step": 1}))
    assert reader.read(path) == [{"step": 1}]


def test_the_files_read_least_recently_leave_a_full_cache_and_are_read_again(tmp_path):
    size = 3 * (MEMORY_FACTOR * len(json_line({"step": 1})) + RECORD_BYTES) + OVERHEAD_BYTES
    reader, paths = LineReader(max_bytes=2 * size), [tmp_path / f"{number}.jsonl" for number in range(3)]
    for number, path in enumerate(paths):
        path.write_bytes(json_line({"step": number}) * 3)
    for number in (0, 1, 0, 2):  # the last takes the place of the second
        assert reader.read(paths[number]) == [{"step": number}] * 3
    assert {*reader._cache} == {paths[0], paths[2]}
    assert reader.read(paths[1]) == [{"step": 1}] * 3


def test_a_growing_file_counts_with_all_its_records_and_a_very_large_one_is_not_cached(tmp_path):
    reader, path = LineReader(max_bytes=23_000), tmp_path / "growing.jsonl"
    for round in range(1, 6):
        with path.open("ab") as file:
            file.write(json_line({"step": 1}) * 20)
        assert len(reader.read(path)) == 20 * round
        assert (path in reader._cache) == (round < 4) and reader._cache.currsize <= 23_000


def test_the_records_of_a_file_share_their_keys(tmp_path):
    reader, path = LineReader(), tmp_path / "history.jsonl"
    path.write_bytes(json_line({"learning_rate": 0.1}) * 2)
    (first,), (second,) = reader.read(path)
    assert first is second


def test_a_file_that_the_disk_is_slow_to_give_holds_no_other(tmp_path, monkeypatch):
    reader, slow, other = LineReader(), tmp_path / "slow.jsonl", tmp_path / "other.jsonl"
    for path in (slow, other):
        path.write_bytes(json_line({"step": 1}))
    is_reading, go = threading.Event(), threading.Event()

    def open_slowly(path):
        if path == slow:
            is_reading.set()
            go.wait(TIMEOUT_SECONDS)
        return open_regular_file(path)

    monkeypatch.setattr(lines, "open_regular_file", open_slowly)
    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(reader.read, slow)
        is_reading.wait(TIMEOUT_SECONDS)
        assert reader.read(other) == [{"step": 1}] and not late.done()
        go.set()
        assert late.result(TIMEOUT_SECONDS) == [{"step": 1}]
