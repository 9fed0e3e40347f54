"""Says which measured form a call about models, the registry, autologging and prompts has."""

from __future__ import annotations

import re

from mlflow_gitlab.doctor import scan_addresses as addresses
from mlflow_gitlab.doctor.scan_arguments import SEMVER, Arguments
from mlflow_gitlab.doctor.scan_form import Rule, Test, address, filled, form, one_of
from mlflow_gitlab.doctor.scan_literals import text

_CLIENT = "MlflowClient"
_NAMES = r"\s*name\s*=\s*(['\"])[^'\"]*\1\s*"


def _load_model(call: str) -> Rule:
    measured = (*addresses.VERSIONS, addresses.NO_VERSION)
    return Rule(
        ("model_uri",),
        (
            *(form(f"{call}:{kind}", address("model_uri", kind)) for kind in measured),
            form("MlflowClient.get_model_version_by_alias:basic", address("model_uri", addresses.ALIAS)),
            form("MlflowClient.get_latest_versions:stages", address("model_uri", addresses.STAGE)),
            form(one_of(call, *addresses.VERSIONS), address("model_uri", addresses.ANY_VERSION)),
            form("mlflow.sklearn.load_model:logged under model/", address("model_uri", addresses.BELOW_ROOT)),
        ),
        usual=(),
    )


def _semver_tag(good: bool) -> Test:
    def holds(a: Arguments) -> bool:
        value = a.keys("tags").get("gitlab.version")
        if value is None:
            return False
        found = text(value, a.scope)
        bad = found is not None and found.whole is not None and not SEMVER.match(found.whole)
        return bad is not good

    return holds


def _has_space(parameter: str) -> Test:
    return lambda a: " " in (a.whole(parameter) or "")


def _filter(pattern: str) -> Test:
    return lambda a: re.search(pattern, a.whole("filter_string") or "", re.I) is not None


def _prompt(call: str, by_name: str, by_number: str) -> Rule:
    def uri(at: bool) -> Test:
        def holds(a: Arguments) -> bool:
            found = a.text("name_or_uri")
            return found is not None and found.start.startswith("prompts:/") and ("@" in found.known) is at

        return holds

    def named(a: Arguments) -> bool:
        found = a.text("name_or_uri")
        return found is not None and found.start != "" and ":" not in found.start and a.absent("version")

    return Rule(
        ("name_or_uri", "version"),
        (
            form(f"{call}:prompts:/p@1.0.0", uri(True)),
            form(f"{call}:{by_number}", uri(False)),
            form(f"{call}:version='1.0.0'", lambda a: a.is_semver("version")),
            form(f"{call}:{by_name}", named),
        ),
        usual=(),
    )


MODELS: dict[str, Rule] = {
    **{call: _load_model(call) for call in ("mlflow.sklearn.load_model", "mlflow.pyfunc.load_model")},
    "mlflow.sklearn.log_model": Rule(
        ("sk_model", "artifact_path"),
        (
            form("mlflow.sklearn.log_model:registered_model_name", filled("registered_model_name")),
            form("mlflow.sklearn.log_model:at the root", lambda a: a.whole("artifact_path") == ""),
            form("mlflow.sklearn.log_model:artifact_path in 3.x", filled("artifact_path")),
        ),
    ),
    "mlflow.models.get_model_info": Rule(
        ("model_uri",),
        (form("mlflow.models.get_model_info:models:/ name@semver", address("model_uri", addresses.NAME_AT_VERSION)),),
        usual=(),
    ),
    "mlflow.models.predict": Rule(
        ("model_uri",),
        (form("mlflow.models.predict:basic", address("model_uri", addresses.NAME_AT_VERSION)),),
        usual=(),
    ),
    "mlflow.autolog": Rule(
        ("log_input_examples", "log_model_signatures", "log_models", "log_datasets"),
        (
            form(
                "mlflow.autolog:log_models=False, log_datasets=False",
                lambda a: a.is_constant("log_models", False) and a.is_constant("log_datasets", False),
            ),
            form(
                "mlflow.autolog:log_models=False",
                lambda a: a.is_constant("log_models", False) and a.absent("log_datasets"),
            ),
            form(
                "mlflow.autolog:log_datasets=False",
                lambda a: a.is_constant("log_datasets", False) and a.absent("log_models"),
            ),
        ),
        usual=one_of("mlflow.autolog", "basic", "inside start_run"),
        unless=lambda a: not a.absent("log_models", "log_datasets"),
        never=lambda a: not a.absent("disable") and not a.is_constant("disable", False),
    ),
    "mlflow.register_model": Rule(
        ("model_uri", "name"),
        (
            form("mlflow.register_model:model in a sub-directory", address("model_uri", addresses.BELOW_ROOT)),
            form("mlflow.register_model:space in the name", _has_space("name")),
            form("mlflow.register_model:gitlab.version", lambda a: "gitlab.version" in a.keys("tags")),
        ),
    ),
    "MlflowClient.create_registered_model": Rule(
        ("name",), (form("MlflowClient.create_registered_model:space in the name", _has_space("name")),)
    ),
    "MlflowClient.create_model_version": Rule(
        ("name", "source", "run_id", "tags"),
        (
            form("MlflowClient.create_model_version:invalid version", _semver_tag(False)),
            form("MlflowClient.create_model_version:gitlab.version", _semver_tag(True)),
            form("MlflowClient.create_model_version:run_id", lambda a: a.given("run_id")),
            form(
                "MlflowClient.create_model_version:source without run_id",
                lambda a: a.filled("source") and a.absent("run_id"),
            ),
        ),
    ),
    **{
        f"MlflowClient.{name}": Rule(
            ("name", "version"),
            (form(f"MlflowClient.{name}:round trip with mv.version", lambda a: a.is_database_id("version")),),
            usual=(f"MlflowClient.{name}:semantic version",),
        )
        for name in ("get_model_version", "update_model_version")
    },
    "MlflowClient.get_model_version_download_uri": Rule(
        ("name", "version"),
        (form("MlflowClient.get_model_version_download_uri:semantic version", lambda a: a.is_semver("version")),),
    ),
    "MlflowClient.get_latest_versions": Rule(
        ("name", "stages"),
        (form("MlflowClient.get_latest_versions:stages", filled("stages")),),
        usual=one_of("MlflowClient.get_latest_versions", "basic", "no version"),
    ),
    **{
        f"{_CLIENT}.{name}": Rule(usual=one_of(f"{_CLIENT}.{name}", *variants))
        for name, variants in {
            "get_registered_model": ("basic", "no version"),
            "update_registered_model": ("basic", "no version"),
            "delete_registered_model": ("basic", "version without files", "as Maintainer", "no version"),
        }.items()
    },
    "MlflowClient.search_registered_models": Rule(
        ("filter_string", "max_results", "order_by"),
        (
            form("MlflowClient.search_registered_models:order_by", filled("order_by")),
            form(
                "MlflowClient.search_registered_models:filter_string with a prompt condition of its own",
                _filter(r"mlflow\.prompt"),
            ),
            form("MlflowClient.search_registered_models:filter_string LIKE", _filter(r"\blike\b")),
            form("MlflowClient.search_registered_models:filter_string name=", _filter(f"^{_NAMES}$")),
        ),
        unless=lambda a: a.given("filter_string"),
    ),
    "mlflow.search_registered_models": Rule(
        ("max_results", "filter_string"), unless=lambda a: a.given("filter_string")
    ),
    "MlflowClient.get_prompt_version": Rule(
        ("name", "version"),
        (form("MlflowClient.get_prompt_version:semantic version", lambda a: a.is_semver("version")),),
    ),
    "MlflowClient.load_prompt": _prompt("MlflowClient.load_prompt", "basic", "prompts:/p/1"),
    "mlflow.load_prompt": _prompt("mlflow.load_prompt", "name only", "basic"),
    "mlflow.genai.load_prompt": _prompt("mlflow.genai.load_prompt", "name only", "basic"),
}
