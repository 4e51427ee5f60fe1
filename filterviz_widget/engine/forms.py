"""The forms of convolutions on this machine, remembered in the user's cache folder: timed once, not at every start."""

import functools
import hashlib
import json
import logging
import os
import platform
from pathlib import Path
from typing import Any

import platformdirs
import psutil
import tensorflow as tf

from filterviz_widget.store.atomic import written_whole
from filterviz_widget.store.one_at_a_time import one_at_a_time
from filterviz_widget.twin import Choice, Measured
from filterviz_widget.twin.convolution import Case, Form, backwards, everywhere, forwards

_log = logging.getLogger(__name__)

LARGEST_FILE = 4_000_000
"""Bytes: some 20,000 convolutions. A larger file is not ours."""


class Remembered(Measured):
    """Measures each case once per machine. A file that is broken, foreign or not to be written is as good as none.

    Which form a convolution takes has a say in the last bits of a picture, so what was found once stays: of two
    processes that find out at the same time, the second takes over what the first has written. Where nothing can be
    remembered, a convolution takes the form that it can take everywhere: slower, perhaps, and the same each time.

    Args:
        path: The file; None for `forms.json` in the user's cache folder.
    """

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        self._path = path
        self._written: dict[str, Any] = {}

    def _find(self, case: Case) -> Choice:
        key = json.dumps(case)
        if (found := _choice(self._written.get(key), case)) is not None:
            return found
        self._written = self._read()
        if (found := _choice(self._written.get(key), case)) is not None:
            return found
        try:
            path = self._file()
            path.parent.mkdir(parents=True, exist_ok=True)
            lock = path.with_name(f"{path.name}.lock")
            lock.open("ab").close()  # where nothing can be remembered nothing is timed
            made = super()._find(case)
            with one_at_a_time(lock):
                written = self._read()  # another process may have written meanwhile
                if (found := _choice(written.get(key), case)) is None:
                    written[key] = [*made.form, round(made.milliseconds, 4)]
                    with written_whole(path) as file:
                        file.write(json.dumps({**self._everything(), machine(): written}).encode())
            self._written = written
            return found or made
        except OSError as error:
            _log.debug("The forms of convolutions are not remembered: %s", error)
            return Choice(everywhere(case), 0.0)

    def _file(self) -> Path:
        # Found when it is first needed, not when the package is imported.
        return self._path or platformdirs.user_cache_path("filterviz-widget", appauthor=False) / "forms.json"

    def _everything(self) -> dict[str, Any]:
        """By machine: the cache folder may be shared by many."""
        try:
            path = self._file()
            if path.stat().st_size > LARGEST_FILE:
                return {}
            contents = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return contents if isinstance(contents, dict) else {}

    def _read(self) -> dict[str, Any]:
        found = self._everything().get(machine())
        return found if isinstance(found, dict) else {}


FORMS = Remembered()


@functools.cache
def machine() -> str:
    """A digest of all that the times depend on but the convolution: processor, threads, TensorFlow and oneDNN."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        processor = sorted({line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))})
    except OSError:
        processor = [platform.processor(), platform.machine()]
    threads = tf.config.threading.get_intra_op_parallelism_threads(), psutil.cpu_count(), len(_cores())
    settings = [os.environ.get(name, "") for name in ("TF_ENABLE_ONEDNN_OPTS", "ONEDNN_MAX_CPU_ISA", "OMP_NUM_THREADS")]
    text = json.dumps([processor, threads, tf.__version__, settings])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _cores() -> Any:
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


def _choice(written: Any, case: Case) -> Choice | None:
    """What the file says of a case; None where that is nonsense."""
    if not isinstance(written, list) or len(written) != 3:
        return None
    forward, backward, milliseconds = written
    if forward not in forwards(case) or backward not in backwards(case):
        return None
    if isinstance(milliseconds, bool) or not isinstance(milliseconds, int | float) or not 0 <= milliseconds < 1e9:
        return None
    return Choice(Form(forward, backward), float(milliseconds))
