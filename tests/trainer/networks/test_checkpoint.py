import numpy as np
import pytest

from trainer import UserError
from trainer.networks.checkpoint import Checkpoint

CHECKPOINT = Checkpoint(
    epoch=2,
    step=41,
    seconds=1.5,
    learning_rate=0.01,
    arrays={"network/0": np.arange(6.0).reshape(2, 3), "optimizer/0": np.array(41)},
    epoch_line={"kind": "epoch", "epoch": 2, "val_loss": None, "reads": [7, 2]},
)


def test_a_checkpoint_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "checkpoint.npz"
    CHECKPOINT.save(path)
    read = Checkpoint.load(path)
    assert (read.epoch, read.step, read.seconds, read.learning_rate) == (2, 41, 1.5, 0.01)
    assert read.epoch_line == CHECKPOINT.epoch_line
    assert read.arrays.keys() == CHECKPOINT.arrays.keys()
    for name, array in CHECKPOINT.arrays.items():
        assert read.arrays[name].dtype == array.dtype and np.array_equal(read.arrays[name], array)
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.npz"]


def test_a_damaged_or_foreign_file_is_rejected(tmp_path):
    path = tmp_path / "checkpoint.npz"
    CHECKPOINT.save(path)
    whole = path.read_bytes()
    np.savez(tmp_path / "other.npz", epoch=1)
    np.savez(tmp_path / "shaped.npz", epoch=[1, 2], step=1, seconds=1.0, learning_rate=1.0)
    np.save(tmp_path / "array.npy", np.zeros(3))
    np.savez(tmp_path / "objects.npz", epoch=np.array([{}], object), allow_pickle=True)
    foreign = [(tmp_path / name).read_bytes() for name in ("other.npz", "shaped.npz", "array.npy", "objects.npz")]
    flipped = bytearray(whole)
    flipped[len(whole) // 3] ^= 1
    for content in (whole[:-30], whole[:100], b"", b"text", bytes(flipped), *foreign):
        path.write_bytes(content)
        with pytest.raises(
            UserError, match=r"^checkpoint.npz must be a training's complete checkpoint \(got \w+\): train"
        ):
            Checkpoint.load(path)
    path.unlink()
    with pytest.raises(UserError, match="got FileNotFoundError"):
        Checkpoint.load(path)


def test_a_failed_save_leaves_the_previous_file(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.npz"
    path.write_bytes(b"old")

    def full_disk(file, **arrays):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space"):
        CHECKPOINT.save(path)
    assert path.read_bytes() == b"old" and [file.name for file in tmp_path.iterdir()] == ["checkpoint.npz"]


def test_a_checkpoint_has_the_networks_weights_by_layer():
    arrays = {"network/dense_1/0": np.ones(1), "network/dense_1/1": np.zeros(2), "optimizer/0": np.ones(3)}
    weights = Checkpoint(1, 1, 1.0, 0.1, arrays).weights
    assert {name: [len(array) for array in values] for name, values in weights.items()} == {"dense_1": [1, 2]}
