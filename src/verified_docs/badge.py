"""Draws a badge, for places that show a picture and read no JSON."""

from __future__ import annotations

import html
import json

_COLORS = {"brightgreen": "#2e7d32", "yellow": "#8a6100", "red": "#b3261e", "blue": "#1f5fa8"}
_OTHER = "#555"
# Of the widest letters of a common sans serif in this size; a wider one only makes the edge narrower.
_LETTER = 7
_EDGE = 12


def svg(document: str) -> str:
    """A badge as a picture.

    Args:
        document: The badge in the form of https://shields.io/badges/endpoint-badge.
    """
    row = json.loads(document)
    label, message = str(row["label"]), str(row["message"])
    left, right = (len(text) * _LETTER + _EDGE for text in (label, message))
    color = _COLORS.get(row["color"], _OTHER)
    words = html.escape(f"{label}: {message}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" aria-label="{words}">\n'
        f"<title>{words}</title>\n"
        f'<rect width="{left}" height="20" fill="#444"/>\n'
        f'<rect x="{left}" width="{right}" height="20" fill="{color}"/>\n'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">\n'
        f'<text x="{left / 2:g}" y="14">{html.escape(label)}</text>\n'
        f'<text x="{left + right / 2:g}" y="14">{html.escape(message)}</text>\n'
        "</g>\n</svg>\n"
    )
