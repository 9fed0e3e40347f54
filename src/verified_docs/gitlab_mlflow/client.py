"""Gives every run an MLflow as fresh as after its import."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any


@contextmanager
def restored() -> Iterator[None]:
    """Gives the run an MLflow as fresh as after its import, and the next run as well."""
    _forget_state()
    try:
        with _autologging_undone():
            yield
    finally:
        _end_runs()
        _forget_state()


# Asked around each run: looking for what is not there walks the whole import path.
@cache
def _module(name: str) -> Any:
    """A module of MLflow, or None where this version does not have it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


def _end_runs() -> None:
    """Forgets active runs without a word to the server: ending them would be a request of its own."""
    fluent = _module("mlflow.tracking.fluent")
    for name in ("_active_run_stack", "_last_active_run_id", "_last_logged_model_id", "_ACTIVE_MODEL_CONTEXT"):
        if (variable := getattr(fluent, name, None)) is not None:
            variable.set(variable.default_factory())
    fluent._active_experiment_id = None


def _forget_state() -> None:
    """Empties every cache of the client that outlives a run, and the addresses that it was told."""
    tracking = _module("mlflow.tracking._tracking_service.utils")
    tracking._artifact_repos_cache.clear()
    tracking._tracking_uri = None
    _module("mlflow.tracking._model_registry.utils")._registry_uri = None
    # Stores and sessions keep the address, and connections of the cassette that was open when they were made.
    for module, store_registry in (
        ("mlflow.tracking._tracking_service.registry", "TrackingStoreRegistry"),
        ("mlflow.tracking._model_registry.registry", "ModelRegistryStoreRegistry"),
    ):
        getattr(_module(module), store_registry)._get_store_with_resolved_uri.cache_clear()
    _module("mlflow.utils.request_utils")._cached_get_request_session.cache_clear()
    rest_store = _module("mlflow.store.tracking.rest_store").RestStore
    if (server_version := getattr(rest_store, "_get_server_version", None)) is not None:
        server_version.cache_clear()
    if (server_info := _module("mlflow.utils.server_info")) is not None:
        server_info._clear_server_info_cache()


@contextmanager
def _autologging_undone() -> Iterator[None]:
    """Takes autolog's patches off the libraries on exit and restores its settings and import hooks."""
    integrations = _module("mlflow.utils.autologging_utils").AUTOLOGGING_INTEGRATIONS
    safety = _module("mlflow.utils.autologging_utils.safety")
    hooks = _module("mlflow.utils.import_hooks")._post_import_hooks
    settings_before = {name: dict(settings) for name, settings in integrations.items()}
    hooks_before = dict(hooks)
    try:
        yield
    finally:
        for name in list(safety._AUTOLOGGING_PATCHES):
            safety.revert_patches(name)
        for name, settings in integrations.items():
            settings.clear()
            settings.update(settings_before.get(name, {}))
        hooks.clear()
        hooks.update(hooks_before)
