"""However many processes make an atlas, and whatever becomes of them, it is the same atlas in the end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import psutil

from filterviz_widget import Atlas
from filterviz_widget.atlas.job import LayerPlan
from filterviz_widget.atlas.progress import Line, Progress, duration
from filterviz_widget.atlas.tasks import tasks
from tests.atlas.conftest import WAYS, contents
from tests.atlas.in_scripts import make, network, shards, until
from tests.networks import SIZE

REPOSITORY = Path(__file__).parents[2]

SCRIPT = """
import sys
from filterviz_widget import Atlas
from tests.atlas.in_scripts import {make}
if __name__ == "__main__":
    {make}(sys.argv[1])
"""


def hears_ctrl_c() -> None:
    """What runs in the background of a shell does not, and neither does what it starts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def started(folder: Path, make: str = "make_with_progress") -> subprocess.Popen[str]:
    script = folder.parent / f"{make}.py"
    script.write_text(SCRIPT.format(make=make))
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, str(script), str(folder)]
    return subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True, preexec_fn=hears_ctrl_c
    )


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    children = psutil.Process(process.pid).children()
    return [each for each in children if "spawn_main" in " ".join(each.cmdline())]


def test_the_first_shard_of_every_layer_comes_first() -> None:
    layers = [LayerPlan(name, f"layers/{name}", "Conv2D", "convolution", 70, (), "") for name in ("a", "b")]
    order = [(task.kind, task.layer, task.first, task.filters) for task in tasks(layers, with_images=True)]
    assert order[:2] == [("filters", 0, 0, 32), ("filters", 1, 0, 32)]
    assert order[2:4] == [("examples", 0, 0, 0), ("examples", 1, 0, 0)]
    assert order[4:] == [("filters", layer, first, count) for layer in (0, 1) for first, count in ((32, 32), (64, 6))]


def test_two_processes_make_the_bytes_that_one_makes_and_one_that_is_killed_is_replaced(whole, tmp_path) -> None:
    folder = tmp_path / "atlas"
    process = started(folder)
    until(lambda: shards(folder))
    done = {path: path.stat().st_mtime_ns for path in shards(folder)}
    os.kill(until(lambda: workers_of(process))[0].pid, signal.SIGKILL)
    assert process.wait(240) == 0, process.stderr and process.stderr.read()
    assert contents(folder) == whole
    assert {path: path.stat().st_mtime_ns for path in done} == done


def test_a_driver_that_is_killed_takes_its_workers_along_and_is_begun_again(whole, tmp_path) -> None:
    folder = tmp_path / "atlas"
    process = started(folder)
    until(lambda: shards(folder))
    workers = until(lambda: workers_of(process))
    process.kill()
    process.wait(10)
    _, alive = psutil.wait_procs(workers, 20)
    assert alive == []
    done = {path: path.stat().st_mtime_ns for path in shards(folder)}
    assert len(done) < 5
    assert make(folder).made == 103
    assert contents(folder) == whole
    assert {path: path.stat().st_mtime_ns for path in done} == done, "nothing that was finished is made twice"


def test_ctrl_c_says_what_is_done_and_leaves_nothing_running(tmp_path) -> None:
    folder = tmp_path / "atlas"
    process = started(folder)
    until(lambda: shards(folder))
    workers = until(lambda: workers_of(process))
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    assert process.wait(60) != 0
    _, alive = psutil.wait_procs(workers, 20)
    assert alive == []
    said = process.stderr.read() if process.stderr else ""
    assert "of 103 filters" in said
    assert "KeyboardInterrupt" in said
    assert 0 < Atlas.open(folder).made < 103


def test_a_full_disk_is_said_and_it_goes_on_when_there_is_room(whole, tmp_path) -> None:
    folder = tmp_path / "atlas"
    process = started(folder, "make_on_a_full_disk")
    assert process.wait(120) == 1
    said = process.stderr.read() if process.stderr else ""
    assert "cannot be written: File too large. " in said
    assert "of 103 filters are done and stay; make room and run it again." in said
    assert (folder / "atlas.json").is_file(), "it was a worker that could not write"
    assert make(folder).made == 103
    assert contents(folder) == whole


def test_a_script_without_its_guard_is_told(tmp_path) -> None:
    script = tmp_path / "naive.py"
    script.write_text("from tests.atlas.in_scripts import make\nmake('atlas')\n")
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    run = subprocess.run(
        [sys.executable, str(script)], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 1
    assert 'if __name__ == "__main__":' in run.stderr.splitlines()[-1]


@keras.saving.register_keras_serializable("atlas tests")
class Own(keras.layers.Conv2D):
    """A layer that no other process knows."""


def test_a_model_that_no_other_process_can_read_is_drawn_in_this_one(tmp_path) -> None:
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), Own(3, 3, name="own")])
    made = Atlas.make(model, tmp_path / "atlas", workers=1, wait=True, progress=False, **WAYS)
    assert made.made == 3
    assert made._making is not None
    assert made._making.note.startswith("Made in this process alone, as the model cannot be read in another: ")
    made = Atlas.make(
        network(), tmp_path / "function", workers=1, wait=True, layers="narrow", preprocess=lambda x: x, **WAYS
    )
    assert made._making is not None
    assert "pickle" in made._making.note


def test_it_is_made_in_the_background_and_can_be_stopped(tmp_path) -> None:
    made = Atlas.make(network(), tmp_path / "atlas", workers=0, wait=False, **WAYS)
    assert "of 103 filters of 2 layers" in repr(made)
    assert not made.wait(0)
    until(lambda: shards(made.folder))
    again = Atlas.make(network(), tmp_path / "atlas", workers=0, wait=False, **WAYS)  # the cell is run again
    assert made.wait(0)
    assert repr(made).endswith(", stopped")
    again.stop()
    assert again.wait(60)
    assert 0 < again.made < 103


def test_progress_says_how_many_how_fast_and_how_long() -> None:
    progress = Progress({"a": 64, "b": 32}, [32, 0])
    assert progress.words == "32 of 96 filters: a 32 of 64"
    progress._began -= 10
    progress.made = [64, 0]
    assert progress.words == "64 of 96 filters, 3.2 a second, 10 s left"
    assert [duration(each) for each in (9, 600, 7200, 400_000)] == ["9 s", "10 min", "2 h", "4.6 days"]


def test_a_line_of_a_file_is_written_for_every_step_only(capsys) -> None:
    line = Line(sys.stdout)
    for words, step in (("one", 1), ("one, later", 1), ("two", 2)):
        line.show(words, step)
    line.end()
    assert capsys.readouterr().out == "one\ntwo\n"


def test_the_same_numbers_come_out_of_this_process_and_of_a_worker(whole, tmp_path) -> None:
    """Libraries may sum in another order in several threads: pixels may differ by rounding, and by no more."""
    from io import BytesIO

    from PIL import Image

    made = make(tmp_path / "here", workers=0)
    for filter in (0, 50, 97):
        address = made.filter("wide", filter)["optimum"]
        with Image.open(BytesIO(whole[address])) as image:
            assert np.abs(np.asarray(image, int) - made.image("wide", filter)).max() <= 2
