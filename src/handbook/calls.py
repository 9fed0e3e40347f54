"""Says where each measured call stands among the pages of calls."""

from __future__ import annotations

import re

FOLDER = "reference/calls"
# The first whose words an API's name has; what has none of them is about runs.
_FAMILIES = (
    ("command-line", "The command line", r"^cli:"),
    ("addresses", "Addresses", r"^uri:"),
    (
        "genai",
        "Traces, prompts and other GenAI",
        r"trac|span|assess|genai|prompt|scorer|judge|label|gateway|webhook"
        r"|workspace|mcp|session|review|issue|endpoint|guardrail|budget|secret|dataset_|_dataset|link_|expectation|feedback",
    ),
    ("registry", "Model registry", r"registered_model|register_model|model_version|latest_versions"),
    ("models", "Models", r"model|pyfunc|sklearn"),
    ("autolog", "Autolog, evaluation, system metrics", r"autolog|evaluat|system_metrics"),
    (
        "artifacts",
        "Artifacts",
        r"artifact|log_text|log_dict|log_figure|log_image|log_table|load_t|load_dict|log_stream",
    ),
    ("experiments", "Experiments", r"experiment"),
    ("runs", "Runs", r""),
)
TITLES = {family: title for family, title, _ in _FAMILIES}


def family(api: str) -> str:
    """The page that a call stands on, by the name of its function or command."""
    return next(name for name, _, words in _FAMILIES if re.search(words, api))


def anchor(probe_id: str) -> str:
    """The anchor of a measured call, from its id `<api>:<variant>`; without a variant, that of the API."""
    return re.sub(r"[^a-z0-9]+", "-", probe_id.lower().removesuffix(":basic")).strip("-")


def split(probe_id: str) -> tuple[str, str]:
    """The API of a measured call, and its variant."""
    # Commands and addresses have a colon of their own.
    start = len("cli:") if probe_id.startswith(("cli:", "uri:")) else 0
    api, _, variant = probe_id[start:].partition(":")
    return probe_id[:start] + api, variant


def link(probe_id: str, up: str) -> str:
    """The address of a measured call's exchanges, for a link in Markdown.

    Args:
        probe_id: The call, as `<api>:<variant>`.
        up: The way from the page to the top of the site.
    """
    return f"{up}{FOLDER}/{family(split(probe_id)[0])}.md#{anchor(probe_id)}"
