"""Describes how the measured forms of a call are told apart by its arguments."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mlflow_gitlab.doctor.scan_addresses import form as form_of_address
from mlflow_gitlab.doctor.scan_arguments import Arguments

Test = Callable[[Arguments], bool]


@dataclass(frozen=True)
class Form:
    """One form of a call.

    Attributes:
        variants: Ids of measured variants. With more than one, the call is any of them, and at least as bad as the
            best.
        holds: Whether the arguments prove it.
    """

    variants: tuple[str, ...]
    holds: Test


@dataclass(frozen=True)
class Rule:
    """How the forms of a call are told apart.

    Attributes:
        parameters: Its parameters, in their order, as far as positions matter.
        forms: Each one that holds counts.
        usual: Where no form holds, the call is one of these, which only the server can tell apart; None means the
            variant `basic`.
        unless: Where this holds, the call is not the usual one, and nothing is said.
        never: Where this holds, nothing is said at all.
    """

    parameters: tuple[str, ...] = ()
    forms: tuple[Form, ...] = ()
    usual: tuple[str, ...] | None = None
    unless: Test = lambda arguments: False
    never: Test = lambda arguments: False


def form(variants: str | tuple[str, ...], holds: Test) -> Form:
    """One form, or one of several that look alike."""
    return Form((variants,) if isinstance(variants, str) else variants, holds)


def filled(parameter: str) -> Test:
    """A parameter is surely given something."""
    return lambda a: a.filled(parameter)


def address(parameter: str, kind: str) -> Test:
    """A parameter is an address of this form."""
    return lambda a: form_of_address(a.text(parameter)) == kind


def one_of(call: str, *variants: str) -> tuple[str, ...]:
    """Ids of variants of a call."""
    return tuple(f"{call}:{variant}" for variant in variants)
