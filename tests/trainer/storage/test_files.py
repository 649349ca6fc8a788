import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.storage.files import kept, line, read_object, records, write_whole
from trainer.storage.lines import Lines


def test_lines_grow_and_the_reader_passes_over_what_is_damaged(tmp_path):
    lines, path = Lines(), tmp_path / "history.jsonl"
    assert lines.read(path) == []
    path.write_bytes(line({"step": 1}) + b'\xff{"kind"\n[3]\n' + line({"step": 2}))
    assert [line["step"] for line in lines.read(path)] == [1, 2]
    with path.open("ab") as file:
        file.write(b'{"kind": "epoch", "st')
    assert len(lines.read(path)) == 2  # that line may still be growing
    with path.open("ab") as file:
        file.write(b'ep": 3}\n')
    assert [line["step"] for line in lines.read(path)] == [1, 2, 3]


def test_what_is_kept_in_a_file_is_made_of_it_or_is_none(tmp_path):
    path = tmp_path / "kept"

    def read(path, changed, size):
        return int(path.read_text()), size

    assert kept(path, read) is None
    path.write_text("12")
    assert kept(path, read) == (12, 2)
    path.write_text("no number")
    assert kept(path, read) is None


def test_a_line_holds_no_nan():
    with pytest.raises(ValueError):
        line({"loss": float("nan")})


def test_a_file_of_lines_that_was_replaced_is_read_anew(tmp_path):
    lines, path = Lines(), tmp_path / "history.jsonl"
    path.write_bytes(line({"step": 1}) + line({"step": 2}))
    assert len(lines.read(path)) == 2
    write_whole(path, line({"step": 1}) + line({"step": 5}) + line({"step": 6}))  # longer than before
    assert [record["step"] for record in lines.read(path)] == [1, 5, 6]
    path.unlink()
    assert lines.read(path) == []


@given(st.binary(max_size=200))
def test_no_bytes_are_too_strange_to_be_read_as_lines(content):
    assert all(isinstance(record, dict) for record in records(content))


@pytest.mark.parametrize("content", [b"", b"[1]", b"[" * 100_000, b"\xff"])
def test_what_is_no_object_is_refused(tmp_path, content):
    path = tmp_path / "state.json"
    path.write_bytes(content)
    with pytest.raises(ValueError):
        read_object(path)


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.onnx"
    write_whole(path, b"old")

    def fail(temporary):
        temporary.write_bytes(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(path, fail)
    assert path.read_bytes() == b"old" and os.listdir(tmp_path) == ["model.onnx"]
