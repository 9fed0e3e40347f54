"""Breaks pages: what they include, code that they show past every runner, and where their links lead."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from verified_docs.census import DOCS
from verified_docs.mutants.mutant import Fault, Operator, Project, change, digest

_CALL = re.compile(
    r"\{\{ (?P<name>example|snippet|exchange|file|answered|screen|diagram|limits|calls)\((?P<given>[^}]*)\)"
)
_TEXT = re.compile(r'"(?P<text>[^"]+)"')
_LINK = re.compile(r"(?<!!)\]\((?P<path>[^)#\s:]+\.md)(?P<anchor>#[^)\s]+)?\)")
_OWN_ANCHOR = re.compile(r"\]\(#(?P<anchor>[^)\s]+)\)")
_HEADING = re.compile(r"^#{2,4} (?P<title>[A-Za-z][^\n{]*[A-Za-z])$", re.M)
_NEXT = "## Where to go next"
# Python that no example has and that never ran.
_STRAY = "import sys\n\nprint(sys.version_info >= (2, {number}))"


def _edit(project: Project, path: str, start: int, end: int, new: str) -> Fault:
    text = project.text(path)
    around = text[:start].rpartition("\n")[2]
    return Fault(
        target=path,
        place=f"{around}\n{text[start:end]}\n{new}",
        what=change(text[start:end], new),
        make=project.edited(path, start, end, new),
    )


def _includes(project: Project) -> Iterator[Fault]:
    """A name that a page asks for with another letter, or the only place where something stands taken out."""
    for path in project.files(DOCS, ".md"):
        text = project.text(path)
        for call in _CALL.finditer(text):
            for given in _TEXT.finditer(text, call.start("given"), call.end("given")):
                yield _edit(project, path, *given.span("text"), f"{given['text'][:-1]}_")
            start, end = call.start(), text.find("}}", call.end()) + 2
            if call["name"] in {"example", "snippet"} and _only_here(project, call.group()):
                yield _edit(project, path, start, end, "")


def _only_here(project: Project, call: str) -> bool:
    """Whether nothing else shows what a call shows; a page of no task may show it as well."""
    name = _TEXT.search(call)
    if name is None:
        return False
    return sum(project.text(path).count(f'("{name["text"]}"') for path in project.files(DOCS, ".md")) == 1


def _stray(shape: Callable[[str, int], str]) -> Callable[[Project], Iterator[Fault]]:
    """Python that never ran, in a fence of some shape, on every page."""

    def find(project: Project) -> Iterator[Fault]:
        for path in project.files(DOCS, ".md"):
            text = project.text(path)
            at = text.find(f"\n{_NEXT}")
            at = len(text) - 1 if at < 0 else at
            number = int(digest(path), 16) % 90
            block = shape(_STRAY.format(number=number), number)
            what = " ⏎ ".join(block.strip().splitlines())
            yield Fault(path, block, what, project.edited(path, at, at, f"\n{block}\n"))

    return find


def _indented(block: str, margin: str = "    ") -> str:
    return "".join(f"{margin}{row}\n" if row else "\n" for row in block.splitlines())


def _fence(code: str, info: str, ticks: str = "```") -> str:
    return f"{ticks}{info}\n{code}\n{ticks}\n"


_INFO = (
    "py",
    "Python",
    "python3",
    'python title="x.py"',
    "python hl_lines='1'",
    "python   ",
    "pycon",
    "",
    "ipython",
    "PY",
)
_BRACES = (
    "{ .python }",
    "{.python}",
    '{ .python title="x.py" }',
    "{ .py .annotate }",
    "{ #name .python }",
    "{.Python}",
)
_TABS = ('=== "Tab"\n\n', '===! "Tab"\n\n', "!!! note\n\n", '??? tip "More"\n\n', '!!! note\n\n    === "Tab"\n\n')
_LISTS = ("- item\n\n", "1. item\n\n", "* item\n\n    more\n\n", "- item\n\n    - item\n\n")


def _in_tab(code: str, number: int) -> str:
    head = _TABS[number % len(_TABS)]
    body = _indented(_fence(code, "python"))
    return head + (_indented(body) if head.count("\n") > 2 else body)


def _in_list(code: str, number: int) -> str:
    head = _LISTS[number % len(_LISTS)]
    body = _indented(_fence(code, "python"))
    return head + (_indented(body) if "    - " in head else body)


def _copied(project: Project) -> Iterator[Fault]:
    """The code of an example pasted where it was included, with one letter changed."""
    for path in project.files(DOCS, ".md"):
        text = project.text(path)
        for call in re.finditer(r'^\{\{ example\("(?P<id>[^"]+)"\) \}\}$', text, re.M):
            example = project.examples[call["id"]]
            code = example.code()
            if at := list(re.finditer(r"(?<=[a-z])\(", code)):
                place = at[-1].start()
                block = f"{call.group()}\n\n{_fence(code[:place] + 's' + code[place:].rstrip(), 'python')}"
                yield _edit(project, path, *call.span(), block)


def _links(project: Project) -> Iterator[Fault]:
    for path in project.files(DOCS, ".md"):
        text = project.text(path)
        for link in _LINK.finditer(text):
            target = link["path"]
            yield _edit(project, path, *link.span("path"), f"{target.removesuffix('.md')}s.md")
            yield _edit(project, path, *link.span("path"), f"../{target}")


def _anchors(project: Project) -> Iterator[Fault]:
    linked: set[str] = set()
    for path in project.files(DOCS, ".md"):
        text = project.text(path)
        for link in _LINK.finditer(text):
            if link["anchor"]:
                linked.add(link["anchor"].removeprefix("#"))
                yield _edit(project, path, *link.span("anchor"), f"{link['anchor']}-x")
        for own in _OWN_ANCHOR.finditer(text):
            linked.add(own["anchor"])
            yield _edit(project, path, *own.span("anchor"), f"{own['anchor']}-x")
    for path in project.files(DOCS, ".md"):
        text = project.text(path)
        for heading in _HEADING.finditer(text):
            anchor = re.sub(r"[^a-z0-9]+", "-", heading["title"].lower()).strip("-")
            if anchor in linked and _is_linked(project, path, anchor):
                yield _edit(project, path, *heading.span("title"), f"{heading['title']} and more")


def _is_linked(project: Project, path: str, anchor: str) -> bool:
    """Whether a page links to a heading of a page."""
    name = path.rpartition("/")[2]
    return any(
        f"{'(' if other == path else name}#{anchor})" in project.text(other) for other in project.files(DOCS, ".md")
    )


_PAGE = ("page",)
_SHAPES = (
    (
        "info",
        "an info string that names Python otherwise, or not at all",
        lambda c, n: _fence(c, _INFO[n % len(_INFO)]),
    ),
    ("four-backticks", "a fence of four or five backticks", lambda c, n: _fence(c, "python", "`" * (4 + n % 2))),
    ("tilde", "a fence of tildes", lambda c, n: _fence(c, "python", "~" * (3 + n % 3))),
    ("in-tab", "a fence in a tab or an admonition", _in_tab),
    ("in-list", "a fence in a list", _in_list),
    ("braces", "a fence with its language in braces", lambda c, n: _fence(c, _BRACES[n % len(_BRACES)])),
)

OPERATORS = (
    Operator("include", "what a page includes under another name, or nowhere", ("page", "publish"), _includes),
    *(
        Operator(f"fence-{name}", f"{what}, with code that never ran", _PAGE, _stray(shape))
        for name, what, shape in _SHAPES
    ),
    Operator("fence-copied", "the code of an example pasted, and changed by a letter", _PAGE, _copied),
    Operator("link", "a link to a page that is not there", ("page", "site"), _links),
    Operator("anchor", "a link to a heading that is not there", ("page", "site"), _anchors),
)
