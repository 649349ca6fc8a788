"""The reader of npz files in Keras's layout: every form is read, and nothing else."""

import io
import os
import pickle
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.data_files import npz_bytes, snapshot, some_digits
from trainer import UserError
from trainer.data import npz
from trainer.data.npz import KEYS

pytestmark = pytest.mark.usefixtures("own_cache")


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    train=st.integers(1, 5),
    labels=st.sampled_from([np.uint8, np.int8, np.int64, np.uint64, ">i4"]),
    compressed=st.booleans(),
    by_columns=st.booleans(),
)
def test_any_file_in_keras_layout_is_read(seed, train, labels, compressed, by_columns, tmp_path_factory):
    own = some_digits(seed, train=train, labels=labels)
    if by_columns:
        own["x_train"] = np.asfortranarray(own["x_train"])
    file = tmp_path_factory.mktemp("own") / "ours.npz"
    file.write_bytes(npz_bytes(own, compressed))
    arrays = dict(zip(KEYS, npz.read_file(file), strict=True))
    assert all(np.array_equal(arrays[key], own[key]) and arrays[key].dtype == np.uint8 for key in KEYS)


# --- unusable files -------------------------------------------------------------------------------------------


def rejection(file: Path) -> str:
    before = snapshot(file)
    with pytest.raises(UserError) as caught:
        npz.read_file(file)
    sentence = str(caught.value)
    assert file.name in sentence and str(file.parent) not in sentence
    assert sentence.endswith(".") and "\n" not in sentence
    assert snapshot(file) == before
    return sentence


def changed(**arrays: object) -> bytes:
    return npz_bytes({key: value for key, value in (some_digits() | arrays).items() if value is not None})


class Bomb:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("exit 1",)


def forged_shape() -> bytes:
    """Return a file whose header announces 7 TB."""
    whole = io.BytesIO(changed())
    forged = io.BytesIO()
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(forged, "w") as target:
        for name in source.namelist():
            head = io.BytesIO()
            shape = (10**10, 28, 28) if name.startswith("x_train") else (10**10,)
            described = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(head, described)
            target.writestr(name, head.getvalue() if "train" in name else source.read(name))
    return forged.getvalue()


def more_than_promised() -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(changed())) as source, zipfile.ZipFile(whole, "w") as target:
        for name in source.namelist():
            target.writestr(name, source.read(name) + b"more")
    return whole.getvalue()


OBJECTS = np.array([Bomb()] * 30, dtype=object)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (npz_bytes(some_digits())[:-300], "must be an npz file in Keras's layout (got a damaged one or a part of one)"),
        (npz_bytes(some_digits())[:1], "(got a damaged one or a part of one)"),
        (b"", "must be an npz file in Keras's layout (got something else)"),
        (b"y,pixel1,pixel2\n", "must be an npz file in Keras's layout (got something else)"),
        (pickle.dumps(Bomb()), "(got a pickle, which is never opened)"),
        (changed(y_test=None, x_test=None), "must hold x_train, y_train, x_test, y_test (x_test, y_test missing)"),
        (changed(x_train=np.zeros((30, 784), np.uint8)), "shape (n, 28, 28) (got uint8 of shape (30, 784))"),
        (changed(x_train=np.zeros((30, 32, 32), np.uint8)), "(got uint8 of shape (30, 32, 32))"),
        (changed(x_train=np.zeros((30, 28, 28))), "x_train in bad.npz must be uint8 images"),
        (changed(x_train=np.zeros((0, 28, 28), np.uint8)), "(got uint8 of shape (0, 28, 28))"),
        (changed(x_train=np.uint8(3)), "(got uint8 of shape ())"),
        (changed(y_train=np.zeros((30, 2), np.uint8)), "y_train in bad.npz must be whole numbers of shape (n,)"),
        (changed(y_train=np.zeros(30)), "(got float64 of shape (30,))"),
        (changed(y_train=np.zeros(29, np.uint8)), "must be equally long (got 30 images and 29 labels)"),
        (changed(y_test=np.full(10, 10)), "y_test in bad.npz must hold labels from 0 to 9 (got 10 to 10)"),
        (changed(y_test=np.arange(-1, 9)), "(got -1 to 8)"),
        (changed(y_train=OBJECTS), "(got Python objects, which are never unpickled)"),
        (more_than_promised(), "must be an npz file in Keras's layout (got a damaged one"),
        (forged_shape(), "must hold at most 2 GB (got 7,850.0 GB)"),
    ],
)
def test_an_unusable_file_is_rejected_with_one_sentence(content, expected, tmp_path):
    file = tmp_path / "bad.npz"
    file.write_bytes(content)
    assert expected in rejection(file)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), compressed=st.booleans())
def test_damage_anywhere_is_rejected_or_harmless(data, compressed, tmp_path_factory):
    own = some_digits(train=2, test=1)
    content = bytearray(npz_bytes(own, compressed))
    place = data.draw(st.integers(0, len(content) - 1), label="place")
    if data.draw(st.booleans(), label="cut"):
        del content[place:]
    else:
        content[place] ^= data.draw(st.integers(1, 255), label="flipped bits")
    file = tmp_path_factory.mktemp("damaged") / "ours.npz"
    file.write_bytes(content)
    try:
        arrays = npz.read_file(file)
    except UserError:
        return
    assert all(np.array_equal(array, own[key]) for key, array in zip(KEYS, arrays, strict=True))


def test_a_small_file_that_unpacks_to_very_much_is_refused_from_its_directory(tmp_path):
    file = tmp_path / "bomb.npz"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for key in KEYS:
            archive.writestr(f"{key}.npy", bytes(10_000_000) if key == "x_train" else b"")
    content = bytearray(file.read_bytes())
    place = content.index(b"PK\1\2") + 24  # of the unpacked size in the directory
    for size, got in ((390_000_000, r"got 390 MB from 0\.0 MB\): leave out blank"), (2_500_000_000, r"got 2\.5 GB")):
        content[place : place + 4] = size.to_bytes(4, "little")
        file.write_bytes(content)
        assert re.search(got, rejection(file))


def test_a_file_of_very_many_names_is_refused(tmp_path):
    file = tmp_path / "names.npz"
    with zipfile.ZipFile(file, "w") as archive:
        for number in range(1_500):
            archive.writestr(str(number), b"")
    assert "got thousands of names" in rejection(file)
