"""Files that grow by lines; what their records are is in test_files."""

from trainer.storage.files import line
from trainer.storage.lines import Lines


def test_files_are_forgotten_beyond_so_many_bytes_and_read_again(tmp_path):
    lines, paths = Lines(kept=100), [tmp_path / f"{number}.jsonl" for number in range(5)]
    for number, path in enumerate(paths):
        path.write_bytes(line({"step": number}) * 3)  # 36 bytes
    for _ in range(2):
        for number, path in enumerate(paths):
            assert lines.read(path) == [{"step": number}] * 3
    assert [*lines._known] == paths[-2:]


def test_one_large_file_is_remembered(tmp_path):
    lines, path = Lines(kept=10), tmp_path / "large.jsonl"
    path.write_bytes(line({"step": 1}) * 9)
    assert len(lines.read(path)) == 9 and [*lines._known] == [path]
    with path.open("ab") as file:
        file.write(line({"step": 2}))
    assert len(lines.read(path)) == 10
