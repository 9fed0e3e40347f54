"""Shows pictures of GitLab's own pages, each with what it shows and which GitLab it was."""

from __future__ import annotations

import html
import io
import json
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from handbook.permissions import Unmeasured
from verified_docs.cassette import write_whole
from verified_docs.leaks import find_leaks
from verified_docs.problem import Problem, read_text

FOLDER = Path("docs/assets/screens")
INDEX = "index.json"
_WIDTH = 1280
_QUALITY = 80


class Screens:
    """The pictures that pages may show.

    Args:
        root: The project's folder.

    Raises:
        Problem: The index of the pictures is missing or broken.
    """

    def __init__(self, root: Path) -> None:
        path = root / FOLDER / INDEX
        try:
            index = json.loads(read_text(path, "make measured FROM=folder"))
            self._rows: dict[str, dict[str, Any]] = {Path(row["file"]).stem: row for row in index["screens"]}
        except (ValueError, KeyError, TypeError) as error:
            raise Problem(
                path, None, "the index of the pictures is broken", "make measured FROM=folder", kind="measured"
            ) from error
        self.shown: set[str] = set()

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
        self.shown.add(name)
        alt = html.escape(row["alt"], quote=True)
        shape = f"width={row['width']} height={row['height']} loading=lazy"
        caption = f"{row['shows']} GitLab {row['gitlab']}, {row['date']}."
        return (
            '<figure markdown="span" class="screen">\n'
            f"![{alt}]({up}assets/screens/{row['file']}){{ {shape} }}\n"
            f"<figcaption>{html.escape(caption)}</figcaption>\n"
            "</figure>"
        )


def import_screens(folder: Path, root: Path) -> list[Path]:
    """Makes the pictures small enough for a page, and keeps what is known of each.

    Args:
        folder: Holds `index.json` and the pictures that it names.
        root: The project's folder.

    Returns:
        The files that were written.

    Raises:
        Problem: The index or a picture is missing or broken.
    """
    source = folder / INDEX
    try:
        index = json.loads(read_text(source))
        rows, pictures = [], {}
        for row in index["screens"]:
            name = f"{Path(row['file']).stem}.webp"
            pictures[name], size = _small(folder / Path(row["file"]).name)
            kept = {key: row[key] for key in ("title", "path", "shows", "alt", "signed_in_as", "gitlab", "date")}
            rows.append({"file": name, **kept, "width": size[0], "height": size[1]})
    except (ValueError, KeyError, TypeError) as error:
        raise Problem(
            source, None, f"the index of the pictures is broken ({error})", "take them again", kind="measured"
        ) from error
    text = json.dumps({"note": index.get("note", ""), "screens": rows}, indent=1, ensure_ascii=False) + "\n"
    for leak in find_leaks(text):
        raise Problem(source, leak.line, f"the index holds a secret ({leak.kind})", "take it out", kind="secret")
    target = root / FOLDER
    target.mkdir(parents=True, exist_ok=True)
    for name, content in pictures.items():
        (target / name).write_bytes(content)
    write_whole(target / INDEX, text)
    return [*(target / name for name in pictures), target / INDEX]


def _small(path: Path) -> tuple[bytes, tuple[int, int]]:
    try:
        with Image.open(path) as picture:
            size = (_WIDTH, round(picture.height * _WIDTH / picture.width))
            small = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    except (OSError, UnidentifiedImageError) as error:
        raise Problem(path, None, "the picture cannot be read", "take it again", kind="measured") from error
    content = io.BytesIO()
    small.save(content, "WEBP", quality=_QUALITY, method=6)
    return content.getvalue(), size
