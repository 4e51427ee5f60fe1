"""The images that lie in a folder."""

from pathlib import Path

SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".avif"))
"""Of files in a folder that are tried; others are not photographs."""


def files_in(folder: Path) -> list[Path]:
    """The images in a folder and its subfolders, by name; what is hidden is left out.

    Raises:
        FileNotFoundError: If there is no such folder.
        ValueError: If it is a file.
    """
    if not folder.exists():
        raise FileNotFoundError(f"There is no folder {str(folder)!r}.")
    if not folder.is_dir():
        raise ValueError(f"{str(folder)!r} is a file; a set of one image is a list of it.")
    visible = (path for path in folder.rglob("*") if not any(p.startswith(".") for p in path.relative_to(folder).parts))
    return sorted(path for path in visible if path.suffix.lower() in SUFFIXES and path.is_file())
