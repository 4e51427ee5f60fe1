"""The command `filterviz`, as a shell runs it."""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filterviz_widget import Atlas, visualize_filter
from filterviz_widget.cli import main
from tests.atlas.test_workers import hears_ctrl_c
from tests.networks import small_network


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("model") / "small.keras"
    small_network().save(path)
    return str(path)


def test_the_command_is_installed_and_says_its_version() -> None:
    command = Path(sys.executable).with_name("filterviz")
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=True, timeout=60).stdout
    assert said.startswith("filterviz 0.")


def test_help_takes_no_time_as_nothing_heavy_is_imported() -> None:
    program = "import sys; from filterviz_widget.cli import main\ntry: main(['--help'])\nfinally: print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60).stdout
    assert "COMMAND" in said
    assert not {"tensorflow", "keras", "numpy", "matplotlib"} & set(said.splitlines()[-1].split())


def test_explain_says_how_a_model_is_read(file, capsys) -> None:
    assert main(["explain", file]) == 0
    said = capsys.readouterr().out
    assert "20 x 20 x 3, image" in said
    assert "Input range 0 to 1, assumed, nothing in the model says" in said
    assert "second" in said
    assert "Conv2D, 6 x 6 x 8" in said


def test_picture_writes_the_picture_that_python_makes(file, tmp_path, capsys, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["picture", file, "second", "3", "--iterations", "4", "--set", "sign=-1", "jitter=2"]) == 0
    assert capsys.readouterr().out.startswith("second-3.png: activation ")
    expected = visualize_filter(file, "second", 3, iterations=4, sign=-1, jitter=2, precision="float32").image
    assert np.array_equal(np.asarray(Image.open("second-3.png")), expected)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["picture", "none.keras", "conv", "0"], "There is no file 'none.keras'"),
        (["picture", "MODEL", "secnod", "0"], "did you mean 'second'"),
        (["picture", "MODEL", "second", "9"], "filter must be a whole number from 0 to 7"),
        (["picture", "MODEL", "second", "1", "--method", "rubost"], "method must be one of"),
        (["picture", "MODEL", "second", "1", "--set", "jitter"], "--set takes NAME=VALUE, such as jitter=4"),
        (["picture", "MODEL", "second", "1", "-o", "p.jpg"], "expected a name ending in .png"),
        (["atlas", "MODEL"], "Expected a model and the folder of its atlas"),
        (["atlas", "MODEL", "new", "--class-names", "none.txt"], "none.txt"),
        (["atlas", "none", "--serve"], "There is no atlas in"),
        (["explain", "nothing"], "nothing"),
    ],
)
def test_what_does_not_fit_is_said_in_a_line(file, arguments, words, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([file if each == "MODEL" else each for each in arguments]) == 1
    said = capsys.readouterr().err
    assert said.startswith("filterviz: ")
    assert words in said
    assert "Traceback" not in said


def test_an_atlas_from_the_shell_is_made_shown_and_compared(file, tmp_path, capsys) -> None:
    (tmp_path / "photos").mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        Image.fromarray(rng.integers(0, 256, (24, 24, 3), np.uint8)).save(tmp_path / "photos" / f"{number}.png")
    (tmp_path / "names.txt").write_text("rose\ntulip\ndaisy\n")
    folder = str(tmp_path / "atlas")
    options = ["--iterations", "2", "--facets", "0", "--input-range", "0", "1"]
    assert main(["atlas", file, folder, "--dry-run", "--workers", "2", *options]) == 0
    assert capsys.readouterr().out.startswith("17 filters of 3 layers in 3 shards: about ")
    assert not Path(folder).exists()
    more = ["--images", str(tmp_path / "photos"), "--class-names", str(tmp_path / "names.txt"), "--workers", "0"]
    assert main(["atlas", file, folder, *more, *options]) == 0
    said = capsys.readouterr()
    assert "17 of 17 filters" in said.out
    assert "17 of 17 filters" in said.err
    about = json.loads((tmp_path / "atlas" / "atlas.json").read_text("utf-8"))
    assert about["class_names"] == ["rose", "tulip", "daisy"]
    assert (about["images"]["count"], about["images"]["name"]) == (3, "photos")
    assert main(["atlas", file, folder, *more, "--layers", "units", *options]) == 1
    assert "holds another atlas" in capsys.readouterr().err
    assert main(["atlas", folder, "--compare", folder]) == 0
    assert "likeness" in capsys.readouterr().out
    assert Atlas.open(folder).filter("units", 2)["strongest"]

    command = [sys.executable, "-m", "filterviz_widget.cli", "atlas", folder, "--serve", "--no-browser"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    how = {"stdout": subprocess.PIPE, "text": True, "env": environment, "preexec_fn": hears_ctrl_c}
    with subprocess.Popen(command, **how) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(2)]
        address = lines[1].split()[0]
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{address}atlas.json") as answer:
            assert json.load(answer) == about
        process.send_signal(2)
        assert process.wait(20) == 0
