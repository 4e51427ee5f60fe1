"""The command `filterviz`: atlases, single pictures and what can be shown of a model, from a shell."""

from __future__ import annotations

import argparse
import ast
import os
import sys
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from filterviz_widget._version import __version__

NUMBERS = {"step_size": float, "iterations": int, "seed": int}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        arguments: What stands behind `filterviz`; None for the shell's own.

    Returns:
        The exit status: 0, 1 for what does not fit or cannot be done, 130 after Ctrl-C.
    """
    options = _parser().parse_args(arguments)
    # Nothing of TensorFlow's log belongs into a terminal in which somebody reads.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        options.run(options)
    except KeyboardInterrupt:
        is_atlas = options.run is _atlas
        print("Stopped." + " What is done stays; run it again to go on." * is_atlas, file=sys.stderr)
        return 130
    except (TypeError, ValueError, RuntimeError, OSError, ImportError, ArithmeticError, MemoryError) as error:
        print(f"filterviz: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="filterviz", description="What the filters of a network respond to.")
    parser.add_argument("--version", action="version", version=f"filterviz {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    atlas = commands.add_parser("atlas", help="make an atlas of all filters, or show one", description=_ATLAS)
    atlas.add_argument("model", help="a .keras or .h5 file, or a SavedModel's folder; with --serve an atlas")
    atlas.add_argument("folder", nargs="?", help="where the atlas goes")
    atlas.add_argument("--images", metavar="FOLDER", help="images, to find those that excite each filter most")
    atlas.add_argument("--layers", nargs="+", metavar="LAYER", help="all convolutions and units by default")
    atlas.add_argument("--class-names", metavar="FILE", help="a text file with a line for each unit of the last layer")
    atlas.add_argument("--facets", type=int, default=3, metavar="N", help="different optima of each filter (3)")
    atlas.add_argument("--workers", type=int, metavar="N", help="processes; as many as there are cores by default")
    atlas.add_argument("--ray", metavar="ADDRESS", help='a Ray cluster, "auto" or "local", in place of processes')
    atlas.add_argument("--dry-run", action="store_true", help="say how many, how long and how large, and make nothing")
    atlas.add_argument("--serve", action="store_true", help="show an atlas in the browser, from 127.0.0.1")
    atlas.add_argument("--port", type=int, default=0, help="of --serve; any that is free by default")
    atlas.add_argument("--no-browser", action="store_true", help="with --serve, do not open one")
    atlas.add_argument("--compare", metavar="OTHER", help="list the filters that differ most from those of OTHER")
    _add_ways(atlas, "robust")
    atlas.set_defaults(run=_atlas)

    explain = commands.add_parser("explain", help="how a model is read, and what can be shown of it")
    explain.add_argument("model")
    _add_reading(explain)
    explain.set_defaults(run=_explain)

    picture = commands.add_parser("picture", help="the picture of one filter, as a PNG file")
    picture.add_argument("model")
    picture.add_argument("layer")
    picture.add_argument("filter", type=int, help="counted from 0")
    picture.add_argument("-o", "--output", metavar="FILE", help="LAYER-FILTER.png by default")
    _add_ways(picture, "classic")
    picture.set_defaults(run=_picture)

    demo = commands.add_parser("demo", help="notebooks with a small network to look at, in JupyterLab")
    demo.add_argument(
        "--folder", default="filterviz-demo", help="where the notebooks go (filterviz-demo); nothing is overwritten"
    )
    demo.add_argument("--no-browser", action="store_true", help="do not open a browser")
    demo.add_argument("--port", type=int, default=8888)
    demo.set_defaults(run=_demo)
    return parser


_ATLAS = """Makes a folder with every filter of a network: its optimum, what inhibits it, its kernel, its neighbours,
and the images that excite it most. It opens in any browser by its index.html. Interrupted, it goes on when it is run
again."""


def _add_ways(parser: argparse.ArgumentParser, method: str) -> None:
    parser.add_argument("--method", default=method, help=f'"classic", "robust" or "natural" ({method})')
    for name, kind in NUMBERS.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=kind, metavar="N", default=0 if name == "seed" else None
        )
    parser.add_argument("--precision", choices=["float32", "bfloat16", "float16"], default="float32")
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="NAME=VALUE", help="axes of the method, such as jitter=4 sign=-1"
    )
    _add_reading(parser)


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--image-size", type=int, nargs="+", metavar="N", help="side, or height and width, in pixels")
    parser.add_argument("--input-range", type=float, nargs=2, metavar=("LOW", "HIGH"))
    parser.add_argument("--preprocess", choices=["caffe", "tf", "torch"])
    parser.add_argument("--input", metavar="NAME", help="which of the model's inputs is optimised")
    parser.add_argument("--data", choices=["image", "spectrogram", "signal", "volume"], default="auto")


def _reading(options: argparse.Namespace) -> dict[str, Any]:
    given: dict[str, Any] = {"data": options.data}
    if options.image_size:
        given["image_size"] = options.image_size[0] if len(options.image_size) == 1 else tuple(options.image_size)
    if options.input_range:
        given["input_range"] = tuple(options.input_range)
    for name in ("preprocess", "input"):
        if getattr(options, name) is not None:
            given[name] = getattr(options, name)
    return given


def _ways(options: argparse.Namespace) -> dict[str, Any]:
    given = _reading(options)
    for name in ("method", "precision", *NUMBERS):
        if getattr(options, name) is not None:
            given[name] = getattr(options, name)
    for pair in options.set:
        name, sign, value = pair.partition("=")
        if not sign:
            raise ValueError(f"--set takes NAME=VALUE, such as jitter=4; got {pair!r}.")
        try:
            given[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            given[name] = value  # a word
    return given


def _atlas(options: argparse.Namespace) -> None:
    from filterviz_widget.atlas import Atlas

    if options.serve or options.compare:
        opened = Atlas.open(options.folder or options.model)
        if options.compare:
            print(opened.compare(options.compare).head(20).to_string(index=False))
            return
        _serve(opened, options.port, not options.no_browser)
        return
    if options.folder is None:
        raise ValueError(
            "Expected a model and the folder of its atlas: filterviz atlas model.keras atlas/. To show one: --serve."
        )
    given: dict[str, Any] = {
        **_ways(options),
        "images": options.images,
        "layers": options.layers,
        "facets": options.facets,
    }
    if options.class_names:
        given["class_names"] = Path(options.class_names).read_text("utf-8").splitlines()
    if options.dry_run:
        print(Atlas.estimate(options.model, workers=options.workers, **given))
        return
    made = Atlas.make(options.model, options.folder, workers=options.workers, ray=options.ray, wait=True, **given)
    print(made)
    print(f"Open {made.folder / 'index.html'}, or: filterviz atlas {options.folder} --serve")


def _serve(atlas: Any, port: int, opens: bool) -> None:
    with atlas.serve(port) as server:
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        print(f"{atlas}\n{address}  (Ctrl-C ends it)", flush=True)
        if opens:
            webbrowser.open(address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


def _explain(options: argparse.Namespace) -> None:
    from filterviz_widget.model import read_model

    view = read_model(options.model, **_reading(options))
    height, width, channels = view.image_shape
    low, high = view.input_range
    print(f"Input {view.input_name!r}: {height} x {width} x {channels}, {view.data.kind}")
    print(f"Input range {low:g} to {high:g}, {view.input_range_source}")
    for note in filter(None, (view.note, view.input_note)):
        print(note)
    longest = max(len(info.name) for info in view.layers)
    print(f"\n{len(view.layers)} layers can be shown:")
    for info in view.layers:
        shape = " x ".join("?" if each is None else str(each) for each in info.shape)
        more = f"  ({info.note})" if info.note else ""
        print(f"  {info.name:{longest}}  {info.filters:5}  {info.class_name}, {shape}{more}")
    if view.unsupported:
        print(f"\n{len(view.unsupported)} cannot:")
        for layer in view.unsupported:
            print(f"  {layer.name}: {layer.reason}")


def _picture(options: argparse.Namespace) -> None:
    from filterviz_widget.visualize import visualize_filter

    name = options.output or f"{options.layer.replace('/', '-')}-{options.filter}.png"
    made = visualize_filter(options.model, options.layer, options.filter, **_ways(options))
    made.save(name)
    print(f"{name}: activation {made.activations[0]:.3g} to {made.activations[-1]:.3g}. {made.note}".strip())


def _demo(options: argparse.Namespace) -> None:
    from filterviz_widget.demo.notebook import check_jupyterlab, copied, start

    again = ["demo", f"--folder={options.folder}", f"--port={options.port}", *["--no-browser"] * options.no_browser]
    check_jupyterlab(again)
    start(copied(Path(options.folder)), options.port, not options.no_browser)


if __name__ == "__main__":
    sys.exit(main())
