"""Full disks, folders that cannot be written, names that are too long: what was there before survives."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from soak.found import Found
from tests.limited import limited

TIMES = {"short": 2, "middle": 10, "long": 60}
"""Bytes at which the disk is full, for each thing that is written."""

OLD = b"what was there before"
NOBODY = 65534

Write = Callable[[Path], Any]


def run(found: Found, times: int, seed: int) -> None:
    """Writes everything that can be written, where it cannot."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # as Python does, but not in every process
    rng = np.random.default_rng(seed)
    wrong: list[str] = []
    tried = 0
    with tempfile.TemporaryDirectory() as made, made_small(Path(made)) as disk, ready() as (writes, goes_on):
        for name, write in writes.items():
            folder = Path(made) / name
            folder.mkdir()
            path = folder / name
            write(path)
            size = path.stat().st_size
            counts = sorted({0, size - 1, *rng.integers(0, size, max(0, times - 2)).tolist()})
            for count in counts[:: max(1, len(counts) // times)]:
                path.write_bytes(OLD)
                with limited("RLIMIT_FSIZE", count):
                    wrong += failing(write, path, f"{name} at byte {count}")
                tried += 1
            with unwritable(folder):
                wrong += failing(write, path, f"{name} in a folder that cannot be written")
            wrong += failing(write, folder / ("x" * 300 + path.suffix), f"{name} under a name that is too long")
            if disk is not None:
                (disk / name).write_bytes(OLD)
                (disk / "rest").write_bytes(bytes(shutil.disk_usage(disk).free))
                wrong += failing(write, disk / name, f"{name} on a disk that is full")
                (disk / "rest").unlink()
                (disk / name).unlink()
            tried += 2 + (disk is not None)
            wrong += goes_on(name)
        wrong += caches(Path(made))
        lost = trainings(Path(made), times, rng)
        atlas = atlases(Path(made), times, rng)
    found.figure("writings that failed", tried)
    found.figure("a disk of 256 kB could be mounted", disk is not None)
    found.none("half-written files, old ones lost, errors without the path, and widgets that stop", wrong)
    found.none("records lost, files left, and no warning, where a training run finds the disk full", lost)
    found.none("atlases that are not whole after a second try", atlas)


def failing(write: Write, path: Path, what: str) -> list[str]:
    """What is wrong after writing where it cannot be done."""
    before = seen(path.parent)
    try:
        write(path)
    except OSError as error:
        wrong = [] if path.name in str(error) else [f"{what}: {error}"]
    except Exception as error:
        wrong = [f"{what}: {error!r}"]
    else:
        wrong = [f"{what}: no error"]
    return wrong + ([] if seen(path.parent) == before else [f"{what}: {list(seen(path.parent))} in the folder"])


def seen(folder: Path) -> dict[str, bytes]:
    """The files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextlib.contextmanager
def ready() -> Iterator[tuple[dict[str, Write], Callable[[str], list[str]]]]:
    """All that can be written to a file, by the file's name; and whether the widget goes on."""
    from filterviz_widget import FilterExplorer, FilterHistory
    from tests.history.networks import examples, small
    from tests.networks import small_network

    explorer = FilterExplorer(small_network(), layer="second", iterations=2, panels=("kernel",), input_range=(0, 1))
    picture = explorer.wait(120)
    explorer._wishes.wait(120)
    model, (x, y) = small(), examples()
    history = FilterHistory(probe=(x[:4], y[:4]), filters=[0, 1], iterations=1)
    model.fit(x, y, epochs=2, callbacks=[history], verbose=0)

    def goes_on(after: str) -> list[str]:
        explorer.filter = (explorer.filter + 1) % 8
        shown = explorer.wait(120).description.filter
        explorer._wishes.wait(120)  # a page has the panels that there are, and is to be as large the next time
        return [] if shown == explorer.filter else [f"after {after}: filter {shown} is shown"]

    writes: dict[str, Write] = {
        "picture.png": picture.save,
        "shown.png": explorer.save,
        "shown.gif": explorer.save,
        "shown.webp": explorer.save,
        "page.html": lambda path: explorer.to_html(path, layers=["second"], filters=[0]),
        "run.h5": history.save,
        "run.html": history.to_html,
        "run.gif": lambda path: history.save_gif(path, "first", 0),
    }
    yield writes, goes_on
    explorer.close()
    history.close()


@contextlib.contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """A folder that this process cannot write to: who may do everything becomes somebody else."""
    mode, is_root = folder.stat().st_mode, os.geteuid() == 0
    above = [each for each in folder.parents if each != Path("/") and is_root and not each.stat().st_mode & 0o001]
    modes = [(each, each.stat().st_mode) for each in above]
    for each, own in modes:
        each.chmod(own | 0o011)
    folder.chmod(0o555)
    for each in folder.iterdir():
        each.chmod(0o644)
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)
        folder.chmod(mode)
        for each, own in modes:
            each.chmod(own)


@contextlib.contextmanager
def made_small(folder: Path) -> Iterator[Path | None]:
    """A disk that is soon full; None where none can be mounted."""
    disk = folder / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    is_there = (
        sys.platform == "linux" and os.geteuid() == 0 and not subprocess.run(command, capture_output=True).returncode
    )
    try:
        yield disk if is_there else None
    finally:
        if is_there:
            subprocess.run(["umount", str(disk)], check=True)


def caches(folder: Path) -> list[str]:
    """What is wrong with the file of the forms of convolutions: it is no obstacle, and never half-written."""
    from filterviz_widget.engine.forms import Remembered
    from filterviz_widget.twin.convolution import Case

    case, path = Case((8, 8), (3, 3, 4, 4), (1, 1), "same", (1, 1), "float32"), folder / "cache" / "forms.json"
    path.parent.mkdir()
    Remembered(path)(case)
    before = seen(path.parent)
    with limited("RLIMIT_FSIZE", 10):
        Remembered(path)(case._replace(size=(9, 9)))
    with unwritable(path.parent):
        Remembered(path)(case._replace(size=(9, 9)))
    Remembered(folder / ("x" * 300) / "forms.json")(case)
    return [] if seen(path.parent) == before else ["the file of forms changed"]


def trainings(folder: Path, times: int, rng: np.random.Generator) -> list[str]:
    """What is wrong where the file of a history's arrays cannot grow: training goes on, and the records stay."""
    from filterviz_widget import FilterHistory
    from tests.history.networks import examples, small

    wrong: list[str] = []
    model, (x, y) = small(), examples()
    (temporary := folder / "temporary").mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(temporary)
    try:
        for most in (0, *rng.integers(1, 60_000, max(1, times // 4)).tolist()):
            options: dict[str, Any] = {"probe": (x[:4], y[:4]), "filters": [0], "iterations": 1}
            bounded, free = FilterHistory(max_bytes=2_000, **options), FilterHistory(**options)
            with limited("RLIMIT_FSIZE", most), warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                trained = model.fit(x, y, epochs=4, callbacks=[bounded, free], verbose=0)
                wrong += [f"at byte {most}: training ended"] if len(trained.history["loss"]) != 4 else []
            is_told = any("and training goes on" in str(each.message) for each in told)
            is_named = str(temporary) in bounded.error
            if len(bounded.records) < 5 and not (is_told and is_named):
                wrong.append(f"at byte {most}: {len(bounded.records)} records, and {bounded.error!r} is said")
            for one, other in zip(bounded.records, free.records, strict=False):
                pairs = zip(one.large_arrays(), other.large_arrays(), strict=True)
                if one.epoch != other.epoch or not all(np.array_equal(a, b) for a, b in pairs):
                    wrong.append(f"at byte {most}: epoch {one.epoch} is another")
            wrong += [] if len(bounded.records) else [f"at byte {most}: the first record is lost"]
            bounded.save(folder / "kept.h5")
            bounded.close()
            wrong += [f"at byte {most}: {each} is left" for each in temporary.iterdir()]
    finally:
        tempfile.tempdir = before
    return wrong


def atlases(folder: Path, times: int, rng: np.random.Generator) -> list[str]:
    """What is wrong where an atlas cannot be written: no half of a file, and a second call finishes it."""
    from filterviz_widget import Atlas
    from tests.networks import small_network

    model = small_network()
    options: dict[str, Any] = {"layers": ["units"], "iterations": 1, "facets": 0, "workers": 0, "input_range": (0, 1)}
    whole = seen(Atlas.make(model, folder / "atlas", wait=True, progress=False, **options).folder)
    wrong = []
    largest = max(map(len, whole.values()))
    for most in (0, *rng.integers(1, largest, max(1, times // 2)).tolist()):
        where = folder / f"atlas-{most}"
        try:
            with limited("RLIMIT_FSIZE", most):
                Atlas.make(model, where, wait=True, progress=False, **options)
        except OSError as error:
            wrong += [] if str(where) in str(error) else [f"at byte {most}: {error}"]
        else:
            wrong.append(f"at byte {most}: no error")
        halves = [name for name, content in seen(where).items() if name in whole and len(content) > most]
        wrong += [f"at byte {most}: {name} is there" for name in halves]
        Atlas.make(model, where, wait=True, progress=False, **options)
        wrong += [] if seen(where) == whole else [f"at byte {most}: the second try made another atlas"]
    return wrong
