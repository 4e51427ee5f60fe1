"""Damaged and hostile files of histories, models and atlases: refused in words, or read as they were written."""

import contextlib
import os
import resource
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from soak.damage import damaged, hostile_histories, hostile_models
from soak.found import Found

TIMES = {"short": 25, "middle": 50, "long": 100}
"""Of each kind of file."""

MOST_MEMORY = 300.0
"""Megabytes beyond the most that the whole files took: what is refused first is what takes more than 64 MiB."""

BESIDE = [Path("canary"), Path("C:\\canary"), Path("..\\canary")]
"""What a zip file of this row would write here, if its addresses were followed."""

LAST = ".h5"
"""A damaged name of a layer in it may claim 4 GB, which HDF5 takes before it looks: nobody can ask for its length."""

HISTORY_BY_0_1_0 = Path("tests/history/saved_by_0_1_0.npz")


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        path: Of a whole one, or of its folder.
        parts: What in it is damaged, one at a time.
        opened: All that it tells, as bytes.
        has_checksums: Whether what is damaged can be told from what is whole.
    """

    path: Path
    parts: list[str]
    opened: Callable[[Path], list[bytes]]
    has_checksums: bool = True


def run(found: Found, times: int, seed: int) -> None:
    """Random damage to each kind, and files that were made to do harm."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as outside, temporary(Path(outside)):
        folder, canary = Path(made) / "in" / "a" / "folder", Path(made) / "canary"
        folder.mkdir(parents=True)
        kinds = whole_files(folder)
        expected = {name: kind.opened(kind.path) for name, kind in kinds.items()}
        before, peak = {*Path(made).rglob("*"), *Path(outside).rglob("*")}, peak_memory()
        told = Told()
        for name, kind in kinds.items():
            if name != LAST:
                damage(told, name, kind, times, rng, expected[name])
        refused(told, folder, kinds, canary)
        took = peak_memory() - peak
        damage(told, LAST, kinds[LAST], times, rng, expected[LAST])
        found.figure("files", told.files)
        found.figure("refused", told.refused)
        found.figure("read as written", told.same)
        found.figure("read as another model (.h5, .pb and the graph of a SavedModel have no checksums)", told.other)
        found.figure("MB that one file took beyond all before it, most of all", f"{told.most[0]} {told.most[1]}")
        found.none("neither ValueError nor OSError", told.raised)
        found.none("refused without the file's name, or in another library's words alone", told.wordless)
        found.none("read as another history, model or atlas", told.wrong)
        new = {*Path(made).rglob("*"), *Path(outside).rglob("*"), *filter(Path.exists, BESIDE)} - before
        found.none("code that ran, files written elsewhere", [str(each) for each in new])
        found.at_most("MB beyond the most that whole files took, but for .h5 models", took, MOST_MEMORY)


class Told:
    """What became of the files."""

    def __init__(self) -> None:
        self.files = self.refused = self.same = self.other = 0
        self.most = (0.0, "")
        """Megabytes that one file made the process's peak grow by, and which."""
        self.raised: list[str] = []
        self.wordless: list[str] = []
        self.wrong: list[str] = []

    def open(
        self,
        name: str,
        opened: Callable[[Path], list[bytes]],
        path: Path,
        what: str,
        expected: list[bytes] | None,
        has_checksums: bool = True,
    ) -> None:
        """Opens one; `expected` is what it may tell, None where it must be refused."""
        self.files += 1
        before = peak_memory()
        try:
            made = opened(path)
        except (ValueError, OSError) as error:
            self.refused += 1
            if path.name not in str(error) or type(error) not in (ValueError, OSError, FileNotFoundError):
                self.wordless.append(f"{name} {what}: {error!r}")
        except Exception as error:
            self.raised.append(f"{name} {what}: {error!r}")
        else:
            if made == expected:
                self.same += 1
            elif has_checksums:
                self.wrong.append(f"{name} {what}")
            else:
                self.other += 1
        self.most = max(self.most, (round(peak_memory() - before, 1), f"{name} {what}"))


def damage(told: Told, name: str, kind: Kind, times: int, rng: np.random.Generator, expected: list[bytes]) -> None:
    """Opens copies of a file that were damaged at random."""
    for _ in range(times):
        copy = kind.path.with_name(f"damaged-{kind.path.name}")
        part = copied(kind, copy, rng)
        told.open(name, kind.opened, copy, part, expected, kind.has_checksums)
        shutil.rmtree(copy) if copy.is_dir() else copy.unlink()


def refused(told: Told, folder: Path, kinds: dict[str, Kind], canary: Path) -> None:
    """Opens what was made to do harm: refused, or, where what leads elsewhere is left out, the model as it was."""
    (traps := folder / "traps").mkdir()
    same = kinds[".keras"].opened(kinds[".keras"].path)
    for path in hostile_models(kinds[".keras"].path, kinds[".h5"].path, traps, canary):
        told.open("hostile", model, path, path.name, same if "elsewhere" in path.name else None)
    for path in hostile_histories(kinds["history"].path, kinds["history of 0.1.0"].path, traps, canary):
        told.open("hostile", history, path, path.name, None)
    shutil.rmtree(traps)


def whole_files(folder: Path) -> dict[str, Kind]:
    """One of each kind."""
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    from filterviz_widget import Atlas, FilterHistory
    from tests.atlas.conftest import photographs
    from tests.history.networks import examples, small
    from tests.networks import small_network

    keras.utils.set_random_seed(0)
    network, (x, y) = small(), examples()
    recorded = FilterHistory(probe=(x[:4], y[:4]), filters=[0, 2], iterations=1)
    network.fit(x, y, epochs=2, callbacks=[recorded], verbose=0)
    recorded.save(folder / "run.h5")
    shutil.copy(HISTORY_BY_0_1_0, folder / "run.npz")
    own = small_network()
    own.save(folder / "model.keras")
    own.save(folder / "model.h5")
    own.export(folder / "saved", verbose=False)
    served = tf.function(lambda image: own(image)).get_concrete_function(tf.TensorSpec((1, 20, 20, 3), name="image"))
    frozen = convert_variables_to_constants_v2(served)
    (folder / "frozen.pb").write_bytes(frozen.graph.as_graph_def().SerializeToString())
    Atlas.make(
        own, folder / "atlas", images=photographs(), layers=["first", "units"], iterations=1, facets=0, workers=0,
        wait=True, progress=False,
    )  # fmt: skip
    read = [str(each.relative_to(folder / "atlas")) for each in (folder / "atlas").rglob("*.json")]
    told = [each for each in read if each != "network.json"]  # which the page alone reads
    variables = [f"variables/{each.name}" for each in (folder / "saved" / "variables").iterdir()]
    return {
        "history": Kind(folder / "run.h5", [""], history),
        "history of 0.1.0": Kind(folder / "run.npz", [""], history),
        ".keras": Kind(folder / "model.keras", [""], model),
        ".h5": Kind(folder / "model.h5", [""], model, False),
        "frozen graph": Kind(folder / "frozen.pb", [""], model, False),
        "SavedModel": Kind(folder / "saved", ["saved_model.pb", *variables], model, False),
        "atlas": Kind(folder / "atlas", told, atlas),
    }


def copied(kind: Kind, copy: Path, rng: np.random.Generator) -> str:
    """Makes a damaged copy; of a folder one file is damaged, lost or put in another's place. Returns which."""
    if kind.path.is_file():
        copy.write_bytes(damaged(kind.path.read_bytes(), rng))
        return ""
    shutil.copytree(kind.path, copy)
    one, other = rng.choice(kind.parts, 2)
    how = int(rng.integers(8))
    if how == 0:
        (copy / one).unlink()
    elif how == 1:
        shutil.copy(kind.path / other, copy / one)
    else:
        (copy / one).write_bytes(damaged((kind.path / one).read_bytes(), rng))
    return str(one)


def history(path: Path) -> list[bytes]:
    """All that a saved history tells."""
    from filterviz_widget import FilterHistory

    opened = FilterHistory.load(path)
    try:
        records = opened.records
        arrays = [array for record in records for array in record.large_arrays()]
        arrays += [each for r in records for each in (r.norms, *r.activations.values(), *r.dead.values())]
        words = opened.settings, opened.layout, opened.epochs, opened.logs, opened.weights, opened.probe_size
        notes = [(record.notes, record.problems) for record in records]
        return [repr((words, notes)).encode(), *map(whole, arrays)]
    finally:
        opened.close()


def model(path: Path) -> list[bytes]:
    """What is read of a model, and what it answers."""
    import keras

    from filterviz_widget.model import read_model
    from filterviz_widget.model.load import load

    loaded = load(path)
    layers = [(each.name, each.filters, each.kind) for each in read_model(loaded).layers]
    image = np.random.default_rng(0).random((1, 20, 20, 3), np.float32)
    answer = np.asarray(keras.tree.flatten(loaded([image]))[0])
    return [repr(layers).encode(), *map(whole, loaded.get_weights()), whole(answer)]


def atlas(path: Path) -> list[bytes]:
    """All that an atlas tells from Python."""
    from filterviz_widget import Atlas

    opened = Atlas.open(path)
    tables = opened.to_dataframe(), opened.compare(path.with_name("atlas"))
    return [repr((opened.layers, opened.filters, opened.made)).encode(), *(each.to_csv().encode() for each in tables)]


def whole(array: Any) -> bytes:
    """An array's bytes with its shape and dtype."""
    return array.tobytes() + str((array.shape, array.dtype)).encode()


@contextlib.contextmanager
def temporary(folder: Path) -> Iterator[None]:
    """The system's folder for temporary files, for a while."""
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def peak_memory() -> float:
    """Megabytes that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if os.uname().sysname == "Darwin" else 1e3)
