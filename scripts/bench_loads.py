"""Reads all recordings in each way that is worth trying; a process of `bench.py`."""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from verified_docs.cassette import list_cassettes, load_cassette
from verified_docs.speed import Loads, Way

ROOT = Path(__file__).resolve().parent.parent


def ways(paths: list[Path], texts: list[str]) -> Iterator[tuple[str, bool, bool, Callable[[], Any]]]:
    """Name, whether people can read the files, whether this project does so, and what reads all of them."""
    documents = [json.dumps(yaml.load(text, Loader=yaml.CSafeLoader), default=str) for text in texts]
    yield "YAML, the loader in C", True, True, lambda: [yaml.load(text, Loader=yaml.CSafeLoader) for text in texts]
    yield "YAML, the loader in Python", True, False, lambda: [yaml.load(text, Loader=yaml.SafeLoader) for text in texts]
    with contextlib.suppress(ImportError):
        ruamel: Any = importlib.import_module("ruamel.yaml")
        reader = ruamel.YAML(typ="safe", pure=True)
        yield "YAML, ruamel.yaml in Python", True, False, lambda: [reader.load(text) for text in texts]
    yield "JSON of the same", False, False, lambda: [json.loads(text) for text in documents]


def checked(paths: list[Path], texts: list[str], turn: int) -> None:
    """As verification reads them, with provenance and every exchange looked at."""
    for path, text in zip(paths, texts, strict=True):
        # Texts that were read before are kept: another name of the file is another cassette.
        load_cassette(path.with_name(f"{turn}-{path.name}"), text)


def main() -> None:
    times, target = int(sys.argv[1]), Path(sys.argv[2])
    paths = list_cassettes(ROOT)
    texts = [path.read_text("utf-8") for path in paths]
    tried = list(ways(paths, texts))
    took: dict[str, list[float]] = {name: [] for name, *_ in tried}
    whole: list[float] = []
    for turn in range(times):
        for name, _, _, read in tried:
            started = time.perf_counter()
            read()
            took[name].append(round(time.perf_counter() - started, 4))
        started = time.perf_counter()
        checked(paths, texts, turn)
        whole.append(round(time.perf_counter() - started, 4))
    found = [
        Way(what=name, seconds=tuple(took[name]), readable=readable, used=used) for name, readable, used, _ in tried
    ]
    found.append(Way(what="YAML, the loader in C, and every exchange checked", seconds=tuple(whole), readable=True))
    size = sum(len(text.encode()) for text in texts) / 1e6
    loads = Loads(files=len(paths), mb=round(size, 2), ways=tuple(found))
    target.write_text(loads.model_dump_json(), "utf-8")


if __name__ == "__main__":
    main()
