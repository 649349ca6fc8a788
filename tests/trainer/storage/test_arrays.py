"""Arrays in .npz files that anybody may have made."""

import io
import zipfile

import numpy as np
import pytest

from trainer.storage.arrays import array_names, read_arrays, read_header, read_npz, read_values, write_arrays

ARRAYS = {"images": np.arange(24, dtype=np.uint8).reshape(2, 3, 4), "name": np.array("dense"), "none": np.zeros((0, 5))}


def test_written_arrays_are_read_back(tmp_path):
    write_arrays(tmp_path / "arrays.npz", ARRAYS)
    for read, written in zip(read_arrays(tmp_path / "arrays.npz", [*ARRAYS], 10_000), ARRAYS.values(), strict=True):
        assert np.array_equal(read, written) and read.dtype == written.dtype and read.shape == written.shape
    with (tmp_path / "arrays.npz").open("rb") as file:
        assert array_names(file) == [*ARRAYS]


@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_in_c_and_fortran_order_are_read(order):
    stream, array = io.BytesIO(), np.asarray(np.arange(6.0).reshape(2, 3), order=order)
    np.save(stream, array)
    stream.seek(0)
    assert np.array_equal(read_values(stream, read_header(stream)), array)


def npz(head: str, values: bytes) -> io.BytesIO:
    """Return an .npz file of one array with any header."""
    text = head.encode().ljust(117) + b"\n"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + values)
    return stream


def head(shape: object, dtype: str = "|u1") -> str:
    return str({"descr": dtype, "fortran_order": False, "shape": shape})


@pytest.mark.parametrize(
    "stream, why",
    [
        (npz(head((10**12,)), b""), "too large"),
        (npz(head((4,)), b"123"), "another number of values"),
        (npz(head((2,)), b"123"), "another number of values"),
        (npz(head((-1, -3)), b"123"), "another number of values"),
        (npz(head((1,), "|O"), b"12345678"), "never unpickled"),
        (npz("__import__('os')", b""), "not an array"),
        (io.BytesIO(b"no zip"), "zip"),
    ],
)
def test_anything_else_is_refused_before_memory_is_allocated(stream, why):
    with pytest.raises(ValueError, match=why):
        read_npz(stream, ["a"], 1_000)
    if why == "zip":
        with pytest.raises(ValueError, match=why):
            array_names(stream)


def test_a_damaged_array_is_refused(tmp_path):
    write_arrays(tmp_path / "a.npz", {"a": np.zeros(1_000, np.uint8)})
    content = bytearray((tmp_path / "a.npz").read_bytes())
    content[600] ^= 1
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.npz is damaged"):
        read_arrays(tmp_path / "a.npz", ["a"], 2_000)
