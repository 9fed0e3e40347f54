"""Shows pictures of GitLab's own pages, each with what it shows and which GitLab it was."""

from __future__ import annotations

import csv
import html
import io
import json
from pathlib import Path
from typing import Annotated

from PIL import Image, UnidentifiedImageError
from pydantic import BaseModel, ConfigDict, StringConstraints

from handbook.measured import IMPORT
from handbook.table import Unmeasured
from verified_docs.card import fence
from verified_docs.leaks import find_leaks
from verified_docs.problem import Problem, read_text
from verified_docs.whole import new_folder

FOLDER = Path("docs/assets/screens")
INDEX = "index.json"
_TABLE = ".csv"
_FIRST_ROWS = 4
_WIDTH = 1280
_QUALITY = 80
_FILTER = Image.Resampling.LANCZOS
_Words = Annotated[str, StringConstraints(min_length=1)]


class Screens:
    """The pictures that pages may show.

    Args:
        root: The project's folder.

    Raises:
        Problem: The index of the pictures is missing or broken.
    """

    def __init__(self, root: Path) -> None:
        self._folder = root / FOLDER
        path = self._folder / INDEX
        try:
            rows = [_Picture.model_validate(row) for row in json.loads(read_text(path, IMPORT))["screens"]]
        except (ValueError, KeyError, TypeError) as error:
            raise Problem(path, None, "the index of the pictures is broken", IMPORT, kind="measured") from error
        self._rows = {Path(row.file).stem: row for row in rows}

    def figure(self, name: str, up: str) -> str:
        """A picture with its caption.

        Args:
            name: The name of its file, without ending.
            up: The way from the page to the top of the site.

        Raises:
            Unmeasured: There is no such picture.
        """
        if name not in self._rows:
            raise Unmeasured(f"there is no picture {name!r}; there are {', '.join(sorted(self._rows))}")
        row = self._rows[name]
        alt = html.escape(row.alt, quote=True)
        shape = f"width={row.width} height={row.height} loading=lazy"
        caption = f"{row.shows} GitLab {row.gitlab}, {row.date}."
        return (
            '<figure markdown="span" class="screen">\n'
            f"![{alt}]({up}assets/screens/{row.file}){{ {shape} }}\n"
            f"<figcaption>{html.escape(caption)}</figcaption>\n"
            "</figure>"
        )

    def table(self, name: str, up: str) -> str:
        """The first rows of a file that GitLab's pages gave, and a link to all of it.

        Args:
            name: The file's name, such as `wine-classifier.csv`.
            up: The way from the page to the top of the site.

        Raises:
            Unmeasured: There is no such file.
        """
        path = self._folder / name
        if path.suffix != _TABLE or not path.is_file():
            raise Unmeasured(f"there is no file {name!r} beside the pictures")
        first = read_text(path).splitlines()[: _FIRST_ROWS + 1]
        return f"{fence('text', chr(10).join(first) + chr(10), name)}\n\n[The whole file]({up}assets/screens/{name})\n"


class _Row(BaseModel):
    """What is known of a picture."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    file: _Words
    title: _Words
    path: _Words
    shows: _Words
    alt: _Words
    signed_in_as: _Words
    gitlab: _Words
    date: _Words


class _Picture(_Row):
    """A picture as a page shows it, with its size in CSS pixels."""

    width: int
    height: int


def read_screens(folder: Path) -> dict[str, bytes]:
    """Makes the pictures small enough for a page, and keeps what is known of each. Writes nothing.

    Args:
        folder: Holds `index.json` and the pictures that it names, and CSV files that GitLab's pages gave.

    Returns:
        File name to content, the index among them.

    Raises:
        Problem: The index or a picture is missing or broken, or two pictures have one name.
    """
    source = folder / INDEX
    fix = "take them again"
    try:
        index = json.loads(read_text(source))
        given = [_Row.model_validate(row) for row in index["screens"]]
        note = str(index.get("note", ""))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem(source, None, "the index of the pictures is broken", fix, kind="measured") from error
    rows, files = [], {}
    for row in given:
        name = f"{Path(row.file).stem}.webp"
        if name in files:
            raise Problem(source, None, f"two pictures are called {Path(row.file).stem}", fix, kind="measured")
        files[name], size = _small(folder / Path(row.file).name)
        rows.append({**row.model_dump(), "file": name, "width": size[0], "height": size[1]})
    for path in sorted(folder.glob(f"*{_TABLE}")):
        files[path.name] = _checked_table(path, fix)
    text = json.dumps({"note": note, "screens": rows}, indent=1, ensure_ascii=False) + "\n"
    for leak in find_leaks(text):
        raise Problem(source, leak.line, f"the index holds a secret ({leak.kind})", "take it out", kind="secret")
    return {**files, INDEX: text.encode()}


def _checked_table(path: Path, fix: str) -> bytes:
    """A CSV file as it came, if every row has the fields of its head and none a secret."""
    text = read_text(path)
    widths = {len(row) for row in csv.reader(text.splitlines())}
    if len(widths) != 1:
        raise Problem(path, None, "the rows of the table have different numbers of fields", fix, kind="measured")
    for leak in find_leaks(text):
        raise Problem(path, leak.line, f"the table holds a secret ({leak.kind})", fix, kind="secret")
    return text.encode()


def write_screens(files: dict[str, bytes], root: Path) -> list[Path]:
    """Puts pictures and index in the place of those that were there.

    Args:
        files: What `read_screens` gave.
        root: The project's folder.

    Returns:
        The files that were written.
    """
    target = root / FOLDER
    with new_folder(target) as work:
        for name, content in files.items():
            (work / name).write_bytes(content)
    return [target / name for name in files]


def _small(path: Path) -> tuple[bytes, tuple[int, int]]:
    try:
        with Image.open(path) as picture:
            size = (_WIDTH, round(picture.height * _WIDTH / picture.width))
            # What is transparent is shown on white.
            ground = Image.new("RGBA", picture.size, "white")
            small = Image.alpha_composite(ground, picture.convert("RGBA")).convert("RGB").resize(size, _FILTER)
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Problem(path, None, "the picture cannot be read", "take it again", kind="measured") from error
    content = io.BytesIO()
    small.save(content, "WEBP", quality=_QUALITY, method=6)
    return content.getvalue(), size
