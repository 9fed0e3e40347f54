"""Says for whom a lane is good enough, from the measured coverage of the client's calls."""

from __future__ import annotations

from collections.abc import Sequence

from handbook.measured import Coverage, Probe
from handbook.table import Unmeasured, cell, literal, table
from handbook.uses import LOAD_REGISTERED, USES, Need, Use

_LONGEST = 120
_ORDER = ("works", "client-only", "works-with-caveat", "ignored", "not-in-client", "fails")
# Caveats that leave nothing of what was asked for.
NOT_DONE = frozenset({"filter-ignored", "view-type-ignored", "wrong-version-silently"})
WORDS = {
    "works": ("yes", "✓ works"),
    "client-only": ("yes", "✓ works"),
    "works-with-caveat": ("but", "✓ works, but"),
    "ignored": ("no", "✕ ignored"),
    "not-in-client": ("none", "– not in this client"),
    "fails": ("no", "✕ fails"),
}


class Verdicts:
    """The measured coverage of all lanes, as answers.

    Args:
        measured: One for each lane, in the order in which pages show them.
    """

    def __init__(self, measured: Sequence[Coverage]) -> None:
        self.measured = measured

    @staticmethod
    def name(lane: Coverage) -> str:
        """A lane as people name it."""
        return f"GitLab {lane.source.series} · {_client(lane)}"

    @property
    def count(self) -> int:
        """How many calls were made in each lane."""
        (count,) = {len(lane.probes) for lane in self.measured}
        return count

    @staticmethod
    def file(lane: Coverage) -> str:
        """The name of a lane's data."""
        client = lane.source.client
        return f"coverage-gitlab{lane.source.series}-mlflow{client.version.split('.')[0] if client else ''}.json"

    def probe(self, lane: Coverage, probe_id: str) -> Probe:
        """One measured call.

        Raises:
            Unmeasured: There is no such probe.
        """
        if probe_id not in lane.probes:
            raise Unmeasured(f"there is no probe {probe_id!r} in {self.name(lane)}")
        return lane.probes[probe_id]

    def worst(self, lane: Coverage, need: Need) -> Probe:
        """The call of a need that went worst."""
        return max((self.probe(lane, probe) for probe in need.probes), key=lambda probe: _ORDER.index(probe.status))

    def blocking(self, lane: Coverage, use: Use) -> list[Need]:
        """The vital needs that a lane does not meet."""
        return [need for need in use.needs if need.vital and not self._met(lane, need)]

    def _met(self, lane: Coverage, need: Need) -> bool:
        worst = self.worst(lane, need)
        return worst.status in {"works", "client-only", "works-with-caveat"} and worst.caveat not in NOT_DONE

    def summary(self) -> str:
        """A table of verdicts: who, and one column for each lane."""
        rows = []
        for use in USES:
            cells = []
            for lane in self.measured:
                blocking = self.blocking(lane, use)
                limits = [need for need in use.needs if not need.vital and not self._met(lane, need)]
                if blocking:
                    what = "; ".join(need.words for need in blocking)
                    cells.append(f"{cell('no', '✕ No')}<br><small>{what}</small>")
                elif limits:
                    what = "; ".join(need.words for need in limits)
                    cells.append(f"{cell('but', '✓ Yes, but not')}<br><small>{what}</small>")
                else:
                    cells.append(cell("yes", "✓ Yes"))
            rows.append([f"[**{use.name}**](#{_slug(use.name)})", *cells])
        return table(["You are", *map(self.name, self.measured)], rows)

    def details(self, up: str) -> str:
        """Every need of every use, with what was measured and what to do instead."""
        parts = []
        for use in USES:
            parts.append(f"### {use.name} {{ #{_slug(use.name)} }}")
            rows = []
            for need in use.needs:
                cells = [self._cell(lane, need) for lane in self.measured]
                apis = dict.fromkeys(probe.partition(":")[0].rpartition(".")[2] for probe in need.probes)
                calls = ", ".join(f"`{api}`" for api in apis)
                failing = any(not self._met(lane, need) for lane in self.measured)
                instead = need.instead.format(up=up) if failing else ""
                words = need.words if need.vital else f"{need.words} <small>(not vital)</small>"
                rows.append([f"{words}<br><small>{calls}</small>", *cells, instead])
            parts.append(table(["To", *map(self.name, self.measured), "Instead"], rows))
            parts += self._messages(use)
        return "\n\n".join(parts)

    def table(self, rows: dict[str, Sequence[str]], title: str = "Call") -> str:
        """A table of calls, one column for each lane.

        Args:
            rows: Row heading, in Markdown, to the probes that it stands for; the worst of them is shown.
            title: The heading of the first column.
        """
        found = [
            [heading, *(self._cell(lane, Need(heading, tuple(probes))) for lane in self.measured)]
            for heading, probes in rows.items()
        ]
        return table([title, *map(self.name, self.measured)], found)

    def outcomes(self, rows: dict[str, Sequence[str]], title: str) -> str:
        """A table of calls with what happens and the client's message, for calls on which most lanes agree.

        Args:
            rows: Row heading, in Markdown, to the probes that it stands for; the worst of them is shown.
            title: The heading of the first column.
        """
        found = []
        for heading, probes in rows.items():
            need = Need(heading, tuple(probes))
            by_cell: dict[str, list[str]] = {}
            for lane in self.measured:
                by_cell.setdefault(self._cell(lane, need), []).append(self.name(lane))
            cells = (
                cell if len(by_cell) == 1 else f"{cell}<br><small>with {', '.join(lanes)}</small>"
                for cell, lanes in by_cell.items()
            )
            message = self.worst(self.measured[-1], need).exception
            told = f"<code>{literal(_first(message[1]))}</code>" if message else ""
            found.append([heading, "<br>".join(cells), told])
        return table([title, "What happens", "Message"], found)

    def seen(self, probe_id: str, words: str) -> str:
        """Makes sure that a sentence agrees with what every lane noted of a call.

        Returns:
            The words, unchanged.

        Raises:
            Unmeasured: A lane did not note these words.
        """
        for lane in self.measured:
            probe = self.probe(lane, probe_id)
            noted = " ".join((probe.note or "", *(probe.exception or ())))
            if words not in noted:
                raise Unmeasured(f"{self.name(lane)} did not note {words!r} of {probe_id!r}")
        return words

    def refused(self, probe_id: str) -> int:
        """The status with which GitLab refused a call, the same in every lane.

        Raises:
            Unmeasured: It did not refuse it everywhere, or the lanes disagree.
        """
        refusals = [self.probe(lane, probe_id).refusal for lane in self.measured]
        found = {refusal.status if refusal else None for refusal in refusals}
        status = found.pop()
        if found or status is None:
            raise Unmeasured(f"the lanes disagree about the status of {probe_id!r}, or it was not refused")
        return status

    def _cell(self, lane: Coverage, need: Need) -> str:
        """How the worst call of a need went, and every caveat of any of them."""
        worst = self.worst(lane, need)
        kind, words = WORDS["ignored" if worst.caveat in NOT_DONE else worst.status]
        text = cell(kind, words)
        caveats = dict.fromkeys(self.probe(lane, probe).caveat for probe in need.probes)
        told = "; ".join(literal(lane.caveats[caveat]) for caveat in caveats if caveat in lane.caveats)
        return f"{text}<br><small>{told}</small>" if told else text

    def _messages(self, use: Use) -> list[str]:
        """The messages of what fails, each once."""
        found: dict[tuple[str, str], list[str]] = {}
        for need in use.needs:
            for lane in self.measured:
                probe = self.worst(lane, need)
                if probe.exception and probe.status in {"fails", "ignored"}:
                    found.setdefault((f"{probe.exception[0]}: {probe.exception[1]}", need.words), []).append(
                        self.name(lane)
                    )
        if not found:
            return []
        rows = []
        for (message, words), lanes in found.items():
            where = "all lanes" if len(lanes) == len(self.measured) else ", ".join(lanes)
            first, _, rest = message.partition("\n")
            rows.append(f"- **{words}** ({where}): <code>{literal(first)}{' …' if rest else ''}</code>")
        body = "\n".join(f"    {row}" for row in rows)
        return [f'??? quote "The messages of what fails, as measured"\n\n{body}']

    def banner(self, more: str) -> str:
        """A warning for the lanes that cannot load from the registry, or nothing where all can.

        Args:
            more: A sentence in Markdown that says where to read on.
        """
        lost = [lane for lane in self.measured if not self._met(lane, LOAD_REGISTERED)]
        if not lost or len(lost) == len(self.measured):
            return ""
        names = ", ".join(self.name(lane).replace(" · ", " with ") for lane in lost)
        message = self.worst(lost[0], LOAD_REGISTERED).exception
        kind = message[0].rpartition(".")[2] if message else "an error"
        return (
            f'!!! danger "{names} cannot load from the model registry"\n\n'
            "    This client cannot read what this server says of a model that has versions.\n"
            f"    Loading from the registry ends with `{kind}`. Use MLflow 2.22.5 there. {more}\n"
        )


def _first(message: str) -> str:
    """The beginning of a message, for a table."""
    line = message.partition("\n")[0]
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _client(lane: Coverage) -> str:
    client = lane.source.client
    return f"{client.name} {client.version}" if client else "no client"


def _slug(name: str) -> str:
    return name.lower().replace(" ", "-")
