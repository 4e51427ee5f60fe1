"""All filters of a network as a folder of static files: made, opened, read and compared."""

from __future__ import annotations

import contextlib
import difflib
import multiprocessing
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from filterviz_widget.atlas.files import ATLAS, EXAMPLES, LAYER, PAGE, SHARD, read_json, shard_folder
from filterviz_widget.atlas.folder import check_is_free, known
from filterviz_widget.description.ranges import Range, fitting, short

if TYPE_CHECKING:
    import pandas

    from filterviz_widget.atlas.estimate import Estimate
    from filterviz_widget.atlas.making import Making
    from filterviz_widget.widgets.atlas_widget import AtlasWidget


class Atlas:
    """An atlas: every filter of a network, in a folder that opens in any browser by its `index.html`.

    In a notebook it shows itself. Make one with `Atlas.make`, open one with `Atlas.open`; the files are described in
    docs/atlas-format.md.

    Example:

    >>> atlas = Atlas.make(model, "atlas/", images="photos/")
    >>> atlas
    >>> atlas.to_dataframe().sort_values("selectivity")
    """

    def __init__(self, folder: str | Path, making: Making | None = None) -> None:
        self.folder = Path(folder).expanduser().resolve()
        """Where it lies."""
        self._making = making
        self._widget: AtlasWidget | None = None
        self._about()

    @classmethod
    def make(
        cls,
        model: Any,
        folder: str | Path,
        *,
        images: Any = None,
        layers: Sequence[str] | str | None = None,
        class_names: Sequence[str] | None = None,
        method: str = "robust",
        image_size: int | Sequence[int] | None = None,
        step_size: float | None = None,
        iterations: int | None = None,
        seed: int = 0,
        precision: str = "float32",
        facets: int = 3,
        workers: int | None = None,
        ray: str | Mapping[str, Any] | None = None,
        wait: bool | None = None,
        progress: bool = True,
        **options: Any,
    ) -> Atlas:
        """Makes what is missing of an atlas: run again after an interruption, it goes on where it was.

        It is made in processes of one thread each, so that the same bytes come out however many there are. In a script
        the call stands under `if __name__ == "__main__":`, as these processes import the script.

        Args:
            model: A built Keras model, the path of a `.keras` file, or whatever else `FilterExplorer` takes. It is
                read, never changed.
            folder: Where it goes: a new folder, an empty one, or an unfinished atlas of the same model and settings.
                Two processes are not to make one atlas at the same time; in one, the newer call ends the older.
            images: For the images that excite each filter most, as `strongest_images` takes them.
            layers: Names of layers; None for all convolutions and units.
            class_names: What the units of the last layer are called, to be found by.
            method: How the optima are sought: "classic", "robust" or "natural".
            image_size: Side of the image in pixels, or `(height, width)`; None for 128, or the model's own where that
                is smaller or a layer needs it.
            step_size: In grey levels; None for the method's.
            iterations: None for the method's.
            seed: Of the random moves.
            precision: "float32", "bfloat16" or "float16": in which dtype the layers are computed.
            facets: How many different optima of each filter, up to 8; 0 for none.
            workers: How many processes; None for as many as there are cores and memory for, 0 for this process, which
                is the default where there is a GPU, whose memory it has. A model that only this process knows is drawn
                here, too.
            ray: Address of a Ray cluster, "auto" or "local", in place of processes (`pip install
                filterviz-widget[ray]`); all machines must find the folder, the model and the images by the same path.
                Or a dictionary with the address and what each task takes: `{"address": "auto", "num_gpus": 0.5}`.
            wait: Whether to return only when it is finished; None for yes, but in a notebook, where it is shown
                while it is made.
            progress: Whether to write to the terminal how far it is, while waiting.
            **options: Axes of `Method`, and how the model is read: `input`, `input_range`, `preprocess`,
                `other_inputs`, `channels`, `data`, `input_shape`.

        Returns:
            The atlas.

        Raises:
            TypeError: For something that is no model, or an unknown argument.
            ValueError: For what does not fit, or a folder with something else in it.
            OSError: If it cannot be written, such as on a full disk. What is done stays.
            RuntimeError: If it cannot be made; in a worker, if the script calls it there again.
            KeyboardInterrupt: At Ctrl-C. What is done stays.

        Example:

        >>> Atlas.make("model.keras", "atlas/", images="photos/", layers=["conv1", "conv2"], iterations=40)
        """
        if multiprocessing.parent_process() is not None:
            raise RuntimeError('Atlas.make was called by a worker: put the call under `if __name__ == "__main__":`.')
        if workers is not None:
            workers = fitting("workers", workers, Range(0, 4096, whole=True))
        from filterviz_widget.atlas.making import Making, end_other
        from filterviz_widget.atlas.planning import plan

        where = Path(folder).expanduser().resolve()
        if (found := known(where)) is None:
            check_is_free(where)
        planned = plan(
            model,
            where,
            images=images,
            layers=layers,
            class_names=class_names,
            method=method,
            image_size=image_size,
            step_size=step_size,
            iterations=iterations,
            seed=seed,
            precision=precision,
            facets=facets,
            found=found,
            ready=lambda: end_other(where),
            **options,
        )
        made = cls.__new__(cls)
        made.folder, made._widget = where, None
        made._making = making = Making(planned, workers, ray, made._tell)
        if wait if wait is not None else not _in_notebook():
            made._follow(making, progress)
        return made

    @classmethod
    def estimate(cls, model: Any, *, workers: int | None = None, **arguments: Any) -> Estimate:
        """Says how many filters an atlas would have, how long it would take and how large it would be.

        A few filters of three layers are made by one worker, in a folder that is removed again.

        Args:
            model: As for `make`.
            workers: As for `make`.
            **arguments: The other arguments of `make`, but for `folder`, `ray`, `wait` and `progress`. Images have no
                say: how long they take depends on the disk.

        Returns:
            An `Estimate`: `.filters`, `.shards`, `.seconds`, `.nbytes`; printed, a line.

        Raises:
            As `make`.

        Example:

        >>> print(Atlas.estimate("model.keras", iterations=40))
        305 filters of 6 layers in 11 shards: about 4 min with 2 workers, 17 MB
        """
        from filterviz_widget.atlas.estimate import estimate
        from filterviz_widget.atlas.planning import plan

        with tempfile.TemporaryDirectory() as folder:
            return estimate(plan(model, Path(folder), **{**arguments, "images": None}), workers)

    @classmethod
    def open(cls, folder: str | Path) -> Atlas:
        """Opens an atlas, finished or not.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If it is damaged, or of a later version.
        """
        return cls(folder)

    @property
    def layers(self) -> list[str]:
        """Names of its layers."""
        return [each["name"] for each in self._about()["layers"]]

    @property
    def filters(self) -> int:
        """How many there are in all."""
        return int(self._about()["filters"])

    @property
    def made(self) -> int:
        """How many of them are finished."""
        return int(self._about()["made"])

    def filter(self, layer: str, filter: int) -> dict[str, Any]:
        """What is known of a filter: its entry in `shard.json`, with that of `examples.json` where there is one.

        Raises:
            ValueError: If there is no such layer or filter, or it is not finished.
        """
        about = self._layer(layer)
        number = fitting("filter", filter, Range(0, about["filters"] - 1, whole=True))
        first = number // PAGE * PAGE
        found = read_json(self.folder, f"{shard_folder(about['folder'], first)}/{SHARD}")
        if found is None:
            raise ValueError(f"Filter {number} of {layer} is not finished.")
        examples = read_json(self.folder, f"{about['folder']}/{EXAMPLES}")
        return {**found["filters"][number - first], **(examples["filters"][number] if examples else {})}

    def image(self, layer: str, filter: int) -> npt.NDArray[np.uint8]:
        """The optimum of a filter, uint8 `(height, width, 1 or 3)`.

        Raises:
            ValueError: If there is no such layer or filter, it is not finished, or it has no optimum.
        """
        from PIL import Image

        entry = self.filter(layer, filter)
        if entry["optimum"] is None:
            raise ValueError(f"Filter {filter} of {layer} has no optimum: {entry['error']}")
        with Image.open(self.folder / entry["optimum"]) as image:
            pixels = np.asarray(image)
        return pixels if pixels.ndim == 3 else pixels[..., None]

    def to_dataframe(self) -> pandas.DataFrame:
        """A row for each finished filter.

        Returns:
            Columns `layer`, `filter`, `activation` (of the optimum), `inhibited` (of what inhibits it), `selectivity`
            and `median` (over the images), `strongest` (name of the strongest image) and its `value`, `is_dead`,
            `error`, `note`, and `previous` and `next`, the strongest neighbours as "conv2/7".

        Raises:
            ImportError: If pandas is not installed.
        """
        from filterviz_widget.atlas.table import table

        return table(self.folder, self._about()["layers"])

    def compare(self, other: Atlas | str | Path) -> pandas.DataFrame:
        """Compares two atlases of the same architecture, filter by filter, such as before and after fine-tuning.

        Returns:
            Columns `layer`, `filter`, `likeness` (the cosine between what the layers answer to the two optima, from -1
            to 1), `activation` and `other_activation`; the least alike first. Filters that one lacks are left out.

        Raises:
            ValueError: If layers or numbers of filters differ.
            ImportError: If pandas is not installed.
        """
        from filterviz_widget.atlas.compare import compared

        return compared(self, other if isinstance(other, Atlas) else Atlas.open(other))

    def serve(self, port: int = 0) -> Any:
        """A web server for it, on 127.0.0.1 alone: `with atlas.serve() as server: server.serve_forever()`.

        Raises:
            OSError: If the port is taken.
        """
        from filterviz_widget.atlas.site import server

        return server(self.folder, port)

    def wait(self, timeout: float | None = None) -> bool:
        """Blocks until it is finished, or was stopped; False if that takes longer than so many seconds.

        Raises:
            Exception: What it failed with.
        """
        if self._making is None:
            return True
        is_over = self._making.wait(timeout)
        if self._making.error is not None:
            raise self._making.error
        return is_over

    def stop(self) -> None:
        """Ends the making of it; what is done stays. Run `Atlas.make` again to go on."""
        if self._making is not None:
            self._making.stop()

    def __repr__(self) -> str:
        about = self._about()
        state = f", {self._making.state}" if self._making and self._making.state != "done" else ""
        return (
            f"Atlas of {about['title']!r}: {about['made']:,} of {about['filters']:,} filters of {len(about['layers'])} "
            f"layers, in {str(self.folder)!r}{state}"
        )

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if self._widget is None or self._widget.closed:
            from filterviz_widget.widgets.atlas_widget import AtlasWidget

            self._widget = AtlasWidget(self.folder, self.filters, self.stop)
            self._tell()
        return self._widget._repr_mimebundle_(**kwargs)

    def _about(self) -> dict[str, Any]:
        found = known(self.folder)
        if found is None:
            raise FileNotFoundError(f"There is no atlas in {str(self.folder)!r}: expected a folder with {ATLAS}.")
        return found

    def _layer(self, name: str) -> dict[str, Any]:
        layers = {each["name"]: each for each in self._about()["layers"]}
        if name not in layers:
            close = difflib.get_close_matches(str(name), layers, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(map(repr, list(layers)[:8]))}."
            raise ValueError(f"The atlas has no layer {short(name)}; {hint}")
        return layers[name]

    def layer(self, name: str) -> dict[str, Any]:
        """What is known of a layer: its `layer.json`.

        Raises:
            ValueError: If there is none of that name.
        """
        found = read_json(self.folder, f"{self._layer(name)['folder']}/{LAYER}")
        return found or self._layer(name)

    def _tell(self) -> None:
        """Says how far it is; called whenever there is more, on the thread that makes it."""
        making, widget = self._making, self._widget
        if widget is None:
            return
        if making is None:
            widget.tell(self.made, 0, "done")
        else:
            error, progress = str(making.error) if making.error else "", making.progress
            widget.tell(sum(progress.made), making.parts, making.state, progress.pace, making.note, error)

    def _follow(self, making: Making, progress: bool) -> None:
        from filterviz_widget.atlas.progress import Line

        line = Line() if progress else None
        try:
            is_over = False
            while not is_over:
                is_over = making.wait(0.5)
                if line:
                    line.show(making.progress.words, sum(making.progress.made))
        except BaseException:  # Ctrl-C, mostly
            making.stop()
            making.wait(10)
            raise
        finally:
            if line:
                line.end()
        if making.error is not None:
            raise making.error
        if making.note and progress:
            print(making.note, file=sys.stderr)


def _in_notebook() -> bool:
    with contextlib.suppress(ImportError, AttributeError):
        ipython = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
        return ipython is not None and hasattr(ipython, "kernel")
    return False
