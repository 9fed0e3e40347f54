"""Says for every call that does not do its work what a reader does instead."""

from __future__ import annotations

import re

from handbook.table import Unmeasured

_ELSEWHERE = "[use another server]({up}explanation/when-to-use-something-else.md) for it"
_NO_REGISTRY = "use MLflow 2.22.5 there: [Can we use this?]({up}mlflow/can-we-use-this.md)"
# The first whose words a call's id has.
_INSTEAD: tuple[tuple[str, str], ...] = (
    (r"order_by", "[sort on your side]({up}how-to/search-runs.md#sorting-is-refused)"),
    (r"search_runs:(filter|invalid)", "[filter on your side]({up}how-to/search-runs.md#a-filter-changes-nothing)"),
    (
        r"search_runs:two|search_all",
        "[search each experiment]({up}how-to/search-runs.md#only-one-experiment-is-searched)",
    ),
    (r"search_runs:no experiment", "[name one experiment]({up}how-to/search-runs.md#only-one-experiment-is-searched)"),
    (r"search_(runs|experiments):.*(view_type|filter)|--view", "[filter on your side]({up}how-to/search-runs.md)"),
    (
        r"rename_experiment|experiments rename",
        "[create another]({up}how-to/manage-experiments.md#an-experiment-cannot-be-renamed)",
    ),
    (
        r"update_run:name|rename through",
        "[name it when it starts]({up}how-to/manage-experiments.md#a-run-cannot-be-renamed)",
    ),
    (r"restore", "[there is no trash]({up}how-to/delete-safely.md#you-want-it-back)"),
    (r"experiment of a model", "[delete the model]({up}how-to/delete-safely.md#the-experiment-belongs-to-a-model)"),
    (r"experiment_tag|set_tag:overwrite|delete_tag", "[use a new key]({up}how-to/log-runs.md#a-tag-is-written-once)"),
    (
        r"default experiment|no experiment set",
        "[set an experiment]({up}how-to/manage-experiments.md#there-is-no-default-experiment)",
    ),
    (r"NaN|Infinity", "[look before you log]({up}how-to/log-runs.md#a-loss-that-is-not-a-number)"),
    (r"step above", "[keep steps below 2³¹]({up}reference/limits.md)"),
    (r"same key|overwrite|log_params:|set_tags:", "[log it once]({up}how-to/log-runs.md#is-it-written-once)"),
    (r"251|5001|not atomic", "[keep it in a file]({up}how-to/long-values.md)"),
    (r"empty value", "[leave it out]({up}how-to/long-values.md#the-value-is-empty)"),
    (r"CI_JOB_ID", "[link to jobs of this GitLab]({up}ci/link-runs-to-jobs.md#unknown-job)"),
    (r"get_metric_history|get-history", "[read the curve in GitLab]({up}how-to/log-runs.md#read-a-learning-curve)"),
    (r"log_input|log_output|import_checkpoints", "[log name and hash]({up}how-to/autolog.md#log_input-ends-the-run)"),
    (r"delete_run:promoted", "[delete the version]({up}how-to/promote-runs.md#a-promoted-run-cannot-be-deleted)"),
    (r"in the name|non-ASCII|log_image", "[use plain names]({up}how-to/store-files.md#file-names)"),
    (
        r"second process|second file",
        "[use the package endpoint]({up}how-to/store-files.md#add-a-file-from-a-later-job)",
    ),
    (r"_table", "[upload a CSV]({up}how-to/store-files.md#figures-images-and-tables)"),
    (r"promoted run", "[load the version]({up}how-to/promote-runs.md#the-files-are-gone-from-the-run)"),
    (
        r"artifacts list:empty run|list_artifacts:empty",
        "[take it for an empty list]({up}how-to/store-files.md#a-listing-of-a-run-without-files)",
    ),
    (
        r"list_artifacts:same|download_artifacts:same",
        "[list with `runs:/`]({up}how-to/store-files.md#a-listing-in-the-process-that-uploaded-mlflow-2)",
    ),
    (
        r"list_artifacts|download_artifacts|artifact_async",
        "[stay at the root of the run]({up}how-to/store-files.md#folders)",
    ),
    (
        r"logged under model/|sub-directory",
        "[upload to the root]({up}how-to/save-and-load-models.md#why-a-sub-folder-does-not-load)",
    ),
    (r"semantic version as stage", "[write `@`]({up}how-to/choose-a-version.md#name-the-version)"),
    (
        r"models:/|models (predict|serve|generate)|uri: (enc|trail).*registry|models\.predict|get_model_info",
        _NO_REGISTRY,
    ),
    (r"\blog_model:|create_external_model", "[save and upload]({up}how-to/save-and-load-models.md#log_model)"),
    (
        r"set_signature",
        "[give it to `save_model`]({up}how-to/save-and-load-models.md#the-signature-cannot-be-added-later)",
    ),
    (r"evaluate", "[compute the scores yourself]({up}how-to/autolog.md#mlflowevaluate-fails)"),
    (r"autolog", "[switch models and data sets off]({up}how-to/autolog.md)"),
    (r"logged_model|log_model_|set_active_model", "[use runs]({up}explanation/logged-models.md)"),
    (r"register_model:same", "[one run, one version]({up}how-to/promote-runs.md#one-run-one-version)"),
    (
        r"register_model:",
        "[look at the files first]({up}how-to/promote-runs.md#register_model-makes-a-version-that-is-no-use)",
    ),
    (
        r"search_(registered_models|model_versions)",
        "[ask GraphQL]({up}how-to/choose-a-version.md#list-versions-with-graphql)",
    ),
    (
        r"get_latest_versions:no version",
        "[publish one first]({up}how-to/choose-a-version.md#the-newest-version-of-a-model-that-has-none)",
    ),
    (
        r"round trip|download_uri:semantic",
        "[use the other number]({up}explanation/two-version-numbers.md#which-call-takes-which)",
    ),
    (
        r"copy_model_version|rename_registered",
        "[register it again]({up}how-to/register-models.md#other-calls-that-do-not-do-what-they-say)",
    ),
    (r"alias|stage", "[point to the version in Git]({up}how-to/version-policy.md#point-to-the-good-version)"),
    (
        r"model_tag|version_tag",
        "[tag the run of the version]({up}how-to/register-models.md#other-calls-that-do-not-do-what-they-say)",
    ),
    (r"invalid version", "[write three numbers]({up}how-to/version-policy.md#not-a-semantic-version)"),
    (r"delete_model_version", "[use GraphQL]({up}how-to/delete-safely.md#delete-one-version)"),
    (
        r"delete_registered_model",
        "[as Maintainer, with MLflow 2.22.5]({up}how-to/delete-safely.md#delete-a-model-and-its-versions)",
    ),
    (r"registered_model|update_model_version|get_latest_versions|download_uri", _NO_REGISTRY),
    (r"^uri: unencoded", "[write the numeric id]({up}how-to/check-connection.md#write-the-address)"),
    (r"mlflow gc", "[delete packages]({up}how-to/clean-up-packages.md)"),
    (r"prompt", "[keep prompts in Git]({up}explanation/when-to-use-something-else.md#think-twice)"),
    (r"trac|span|assessment|feedback|expectation|session|webhook|workspace|mcp|dataset|genai|scorer|link_", _ELSEWHERE),
)


def instead(probe_id: str, up: str) -> str:
    """What to do in place of a call, in Markdown.

    Args:
        probe_id: The call, as `<api>:<variant>`.
        up: The way from the page to the top of the site.

    Raises:
        Unmeasured: Nothing is known to do instead.
    """
    for words, text in _INSTEAD:
        if re.search(words, probe_id):
            return text.format(up=up)
    raise Unmeasured(f"{probe_id!r} fails in some lane, and handbook/instead.py does not say what to do instead")
