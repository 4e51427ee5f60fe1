"""One folder of files and one network for all examples."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docs import scenes


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("examples")
    scenes.files(made)
    return made


@pytest.fixture(scope="session")
def shared() -> scenes.Scene:
    return scenes.shared()


@pytest.fixture
def scene(
    folder: Path, shared: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., dict[str, Any]]]:
    """Makes the names for an example, which runs in the folder of its files; closes what it leaves open."""
    monkeypatch.chdir(folder)
    made: list[dict[str, Any]] = []

    def make(*further: Callable[[scenes.Scene], scenes.Scene]) -> dict[str, Any]:
        names = dict(shared)
        for each in further:
            names = each(names)
        made.append(names)
        return names

    yield make
    for names in made:
        for value in names.values():
            if isinstance(value, shared["FilterExplorer"] | shared["FilterHistory"]):
                value.close()
