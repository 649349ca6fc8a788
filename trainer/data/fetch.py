"""Download of a data set into the cache; synthetic digits are drawn while MNIST is looked for."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import monotonic, time
from typing import Any, Literal

from trainer import UserError
from trainer.config import dataset_info
from trainer.data import npz, synthetic
from trainer.data.cache import Cache, combined_hash, content_hash
from trainer.data.downloads import Progress, download
from trainer.data.mirrors import NotAvailable, OtherContents, read_first, reason
from trainer.data.npz import Array

Activity = Literal["looking", "downloading", "drawing"]
Report = Callable[[Activity, int, int], None]  # done, total: bytes of a download, or digits drawn

MNIST_HASH = combined_hash(  # the SHA-256 of each array, in the order of KEYS
    (
        "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757",
        "1feba77c54802fa5339a11837ea4b2866434b83314ec45192930f1df69120c13",
        "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161",
        "ddeff807876a9661a1110d45c266c86239a3a1b7d37da0c3716a7a683c852ff5",
    )
)
FAILURE = "failure"  # the cache's key of why MNIST is not here: [seconds since 1970, words]
NOT_YET = [0.0, "it is still being downloaded"]

_log = logging.getLogger(__name__)


class Fetch:
    """A data set on its way into the cache, from Keras's cache or from a mirror."""

    def __init__(self, cache: Cache, name: str, report: Report, mirrors: Sequence[str] | None, timeout: float) -> None:
        self._cache, self._name, self._report, self._timeout = cache, name, report, timeout
        source = dataset_info.info(name).download
        assert source is not None
        self._source, self._mirrors = source, source.urls if mirrors is None else mirrors
        self._is_flowing = False

    def run(self, failure: list[Any] | None, is_recent: bool) -> None:
        """Download the data set, unless another thread or process does so first.

        failure: the last one that the caller knows of; is_recent: do not try again. Raises UserError if the data set is
        not available, except for MNIST: synthetic digits are drawn until it has come.
        """
        if self._name == "mnist":
            deadline = monotonic() + self._timeout
            search = threading.Thread(target=self._search, args=(failure,), name="MNIST", daemon=True)
            if not is_recent:
                search.start()
            self._draw_meanwhile(search, deadline)
            return
        self._report("looking", 0, 0)
        with self._cache.lock(self._name):
            if not self._cache.find(self._name):
                try:
                    self._download()
                except NotAvailable as error:
                    raise UserError(
                        f"{dataset_info.info(self._name).title} could not be downloaded ({error}): connect to the "
                        "internet and try again, choose another data set, or upload it as an npz file on the Data page."
                    ) from None

    def _draw_meanwhile(self, search: threading.Thread, deadline: float) -> None:
        """Draw synthetic digits until MNIST has come; pages may show them once the search is over or late."""

        def is_late() -> bool:
            if not search.is_alive():
                return True
            if monotonic() < deadline:
                return False
            with self._cache.lock():
                if self._cache.get(FAILURE) is None:
                    self._cache.set(FAILURE, NOT_YET)
            return True

        def report(done: int, total: int) -> None:
            if not self._is_flowing:
                self._report("drawing" if is_late() else "looking", done, total)

        self._report("looking", 0, 0)
        synthetic.find_or_draw(
            self._cache, report, on_first=is_late, is_wanted=lambda: self._cache.open(MNIST_HASH) is None
        )
        if search.is_alive():
            search.join(max(0.0, deadline - monotonic()))
            is_late()
            search.join()

    def _search(self, failure: list[Any] | None) -> None:
        """Download MNIST, or note why that failed."""
        with self._cache.lock(self._name):  # until the note is written: whoever waits for the lock reads it
            if self._cache.open(MNIST_HASH) is not None or self._cache.get(FAILURE) not in (failure, NOT_YET):
                return
            try:
                self._download()
            except NotAvailable as error:
                _log.warning("MNIST is not available: %s", error)
                self._note(str(error))
            except Exception:  # nothing else would report it: this is a thread
                _log.exception("MNIST could not be loaded")
                self._note("it could not be loaded, see the server's log")

    def _note(self, why: str) -> None:
        with self._cache.lock():
            self._cache.set(FAILURE, [time(), why])

    def _download(self) -> None:
        """Put the data set into the cache. Raises NotAvailable."""
        arrays, why = self._from_keras() if self._name == "mnist" else (None, "")
        if arrays is None:
            try:
                arrays = read_first(self._mirrors, self._read, self._flow)
            except NotAvailable as error:
                raise NotAvailable("; ".join(filter(None, (why, str(error))))) from None
        with self._cache.lock():
            self._cache.set(self._name, self._cache.save(arrays))

    def _from_keras(self) -> tuple[list[Array] | None, str]:
        """Return MNIST from Keras's cache, or None and why what is there is of no use."""
        file = Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "datasets" / "mnist.npz"
        try:
            return self._checked(npz.read_file(file)), ""
        except (FileNotFoundError, NotADirectoryError):
            return None, ""
        except (OtherContents, UserError, OSError) as error:
            return None, reason("Keras's cache", error)

    def _read(self, url: str, progress: Progress) -> list[Array]:
        return self._checked(download(url, self._source, progress, self._timeout))

    def _flow(self, done: int, total: int) -> None:
        self._is_flowing = True
        self._report("downloading", done, total)

    def _checked(self, arrays: list[Array]) -> list[Array]:
        """Return arrays of this data set: MNIST is checked by its contents, the others by their files' MD5."""
        if self._name == "mnist" and content_hash(arrays) != MNIST_HASH:
            raise OtherContents
        info = dataset_info.info(self._name)
        x_train, y_train, x_test, y_test = arrays
        shape, classes = info.shape, len(info.classes)
        for images, labels in ((x_train, y_train), (x_test, y_test)):
            if not (images.shape == (len(labels), *shape) and len(labels) and labels.max() < classes):
                raise UserError(
                    f"its images must have the shape {shape} and one label each, from 0 to {classes - 1} "
                    f"(got images {images.shape} and labels {labels.shape})."
                )
        return arrays
