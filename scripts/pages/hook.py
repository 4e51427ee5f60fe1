"""What mkdocs does beside its plugins: pages, and parts of pages, that are made of code, notebooks and results."""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
if str(ROOT) not in sys.path:  # the command mkdocs does not look for modules where it runs
    sys.path.insert(0, str(ROOT))

from scripts.pages import gallery, house, lesson, measured  # noqa: E402

ATLAS = ROOT / "docs" / "_atlas" / "flower"
MADE = re.compile(r"<!-- made: ([a-z_]+)(?: ([^>]*?))? -->")
OUTSIDE = re.compile(r"\[([^\]]*)\]\((\.\./[^)\s]+)\)")
PRIVATE = re.compile(r"^ +<span class=\"n\">_\w+</span><span class=\"p\">:</span>.*\n", re.MULTILINE)
OF_THE_ROOT = {
    "changelog.md": ("CHANGELOG.md", "Changelog"),
    "contributing.md": ("CONTRIBUTING.md", "Contributing"),
    "security.md": ("SECURITY.md", "Security"),
}
ELSEWHERE = re.compile(r"\[([^\]]*)\]\((?!https?:|#|[\w-]+\.md[)#])[^)]*\)")
"""A link in such a file to what is no page: its words stay."""

FOUND: list[gallery.Notebook] = []


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Puts the notebooks into the navigation, and what is made of files at the root."""
    FOUND[:] = gallery.notebooks()
    more = {
        "Gallery": [f"gallery/{each.name}.md" for each in FOUND],
        "Reference": [{title: page} for page, (file, title) in OF_THE_ROOT.items() if (ROOT / file).exists()],
    }
    for entry in config.nav or []:
        for section, pages in more.items():
            if section in entry:
                entry[section] += pages
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds what does not lie in docs/: the notebooks, the changelog, how to contribute."""
    made: dict[str, str | bytes] = dict(gallery.files(FOUND))
    for page, (file, _) in OF_THE_ROOT.items():
        if (ROOT / file).exists():
            made[page] = ELSEWHERE.sub(r"\1", (ROOT / file).read_text("utf-8").replace("](docs/", "]("))
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fills in what is made; a link out of the documentation, which GitHub follows, leads where the site has it."""

    def inside(link: re.Match[str]) -> str:
        words, address = link.groups()
        notebook = re.fullmatch(r"\.\./notebooks/(\w+)\.ipynb", address)
        return f"[{words}](gallery/{notebook[1]}.md)" if notebook else words

    if "/" not in page.file.src_uri:
        markdown = OUTSIDE.sub(inside, markdown)
    return MADE.sub(lambda found: _made(*filter(None, found.groups())), markdown)


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leaves out of signatures what is nobody's but the package's own: fields of results whose names begin with _."""
    return PRIVATE.sub("", html) if page.file.src_uri.startswith("api/") else html


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Gives the search a name for who does not see it, which the theme forgot."""
    return output.replace('<div class="md-search" ', '<div class="md-search" aria-label="Search" ')


def on_post_build(config: MkDocsConfig) -> None:
    """Puts the atlas of the flower model in, where there is one."""
    if _is_atlas_there():
        work = shutil.ignore_patterns(".work")  # of an atlas that is not finished
        shutil.copytree(ATLAS, Path(config.site_dir) / "flower-atlas", dirs_exist_ok=True, ignore=work)


def _made(name: str, *argument: str) -> str:
    makers: dict[str, Callable[..., str]] = {
        "flower_atlas": lambda: _LIVE if _is_atlas_there() else _MISSING,
        "gallery": lambda: gallery.cards(FOUND),
        "house": house.drawing,
        "figure": lesson.figure,
        "row": lesson.row,
        "spread": measured.spread,
        **measured.TABLES,
    }
    return makers[name](*argument)


def _is_atlas_there() -> bool:
    return (ATLAS / "index.html").exists()


_LIVE = """<div class="live-figure" markdown="0">
<iframe src="flower-atlas/index.html" title="The atlas of the flower model" loading="lazy"></iframe>
<p><a href="flower-atlas/index.html" target="_blank">Open it alone</a></p>
</div>"""

_MISSING = """!!! note "This copy of the site was built without the atlas"
    `make docs` makes it, in about 4 minutes on two cores; `python -m scripts.flower_atlas` makes it alone."""
