"""Lists everything that the doctor can find, in the order in which the reference explains it."""

from __future__ import annotations

from types import MappingProxyType

from mlflow_gitlab.doctor.finding import Kind, Severity

_ADDRESS = "https://gitlab.example.com/api/v4/projects/42/ml/mlflow"
_E, _W, _N = Severity.ERROR, Severity.WARNING, Severity.NOTE
_WHICH_ADDRESS = "mlflow/gitlab-setup.md#which-address"
_BEHIND = "mlflow/gitlab-setup.md#behind-a-private-authority-or-a-proxy"
_TOKEN_ENDS = "mlflow/authentication.md#ends-rotation-revocation"
_NEW_TOKEN = "mlflow/gitlab-setup.md#4-make-a-token"
_NOT_GOOD = "mlflow/authentication.md#when-it-is-not-good-any-more"
_SWITCHES = "mlflow/gitlab-setup.md#3-switch-the-features-on"
_404 = "mlflow/permissions.md#404"
_RUN_WITH = "mlflow-gitlab run -- python train.py"

_KINDS = (
    # What the environment alone shows.
    Kind(
        "api-path-missing",
        _E,
        "MLflow's address does not lead to GitLab's API: /api/v4/projects/ is missing in it.",
        "export MLFLOW_TRACKING_URI={address}",
        _WHICH_ADDRESS,
        (("address", _ADDRESS),),
    ),
    Kind(
        "project-path-not-encoded",
        _E,
        "The project's path in MLflow's address has a plain slash; GitLab takes it for another address.",
        "export MLFLOW_TRACKING_URI={address}",
        _WHICH_ADDRESS,
        (("address", "https://gitlab.example.com/api/v4/projects/acme%2Fwine-quality/ml/mlflow"),),
    ),
    Kind(
        "tracking-uri-incomplete",
        _E,
        "MLflow's address is not that of a project: it has to end in /api/v4/projects/<id>/ml/mlflow.",
        "export MLFLOW_TRACKING_URI={address}",
        _WHICH_ADDRESS,
        (("address", _ADDRESS),),
    ),
    Kind(
        "tracking-uri-elsewhere",
        _W,
        "MLflow's address is of another project than the one that the other settings name.",
        "export MLFLOW_TRACKING_URI={address}, if the other settings are right",
        "reference/environment.md#tracking-addresses",
        (("address", _ADDRESS),),
    ),
    Kind(
        "mlflow-not-set-up",
        _N,
        "MLflow does not see these settings: a program started here talks to this machine, or to another server.",
        "{run}",
        "mlflow/gitlab-setup.md#6-log-the-first-run",
        (("run", _RUN_WITH),),
    ),
    Kind(
        "basic-auth-wins",
        _E,
        "MLflow sends a user name and a password in place of the token, and GitLab answers 401.",
        "{remove}",
        "mlflow/authentication.md#user-name-and-password-win-over-the-token",
        (("remove", "unset MLFLOW_TRACKING_USERNAME MLFLOW_TRACKING_PASSWORD"),),
    ),
    Kind(
        "netrc-wins",
        _E,
        "A netrc file has a login for this host: it is sent in place of the token, by MLflow too.",
        "take the entry of {host} out of {file}, or export NETRC=/dev/null",
        "mlflow/authentication.md#send-it",
        (("host", "gitlab.example.com"), ("file", "~/.netrc")),
    ),
    Kind(
        "http-address",
        _W,
        "The address begins with http://, so the token travels in the clear.",
        "write https:// in {place}",
        "mlflow/authentication.md#keep-it-secret",
        (("place", "MLFLOW_TRACKING_URI"),),
    ),
    Kind(
        "tls-check-off",
        _W,
        "MLflow does not check certificates: it gives the token to whoever answers.",
        "unset MLFLOW_TRACKING_INSECURE_TLS, and name your authority in MLFLOW_TRACKING_SERVER_CERT_PATH",
        _BEHIND,
    ),
    Kind(
        "no-experiment",
        _W,
        "No experiment is named: MLflow takes experiment 0, which GitLab does not have.",
        "export MLFLOW_EXPERIMENT_NAME=wine-classifier, or call mlflow.set_experiment",
        "how-to/manage-experiments.md#there-is-no-default-experiment",
    ),
    Kind(
        "token-malformed",
        _E,
        "The token has characters that no token has, such as a blank, a quote or an ellipsis; it was not sent.",
        "copy the token again, without anything around it",
        _NEW_TOKEN,
    ),
    # The way to the server.
    Kind(
        "ca-file-unusable",
        _E,
        "The file of your authority's certificates cannot be used.",
        "save the certificates in PEM form, beginning with -----BEGIN CERTIFICATE-----, to {file}",
        _BEHIND,
        (("file", "acme-ca.pem"),),
    ),
    Kind(
        "host-unknown",
        _E,
        "This machine finds no host of that name.",
        "check the spelling of {host}, and whether you need a VPN",
        "how-to/check-connection.md#what-can-go-wrong",
        (("host", "gitlab.example.com"),),
    ),
    Kind(
        "host-unreachable",
        _E,
        "Nobody answers at that address.",
        "check {host} in a browser on this machine, and whether a firewall or a VPN is between",
        "how-to/check-connection.md#what-can-go-wrong",
        (("host", "gitlab.example.com"),),
    ),
    Kind(
        "proxy-fails",
        _E,
        "The proxy cannot be reached, or refuses to connect.",
        "correct HTTPS_PROXY, or export NO_PROXY={host} if GitLab is reached without it",
        _BEHIND,
        (("host", "gitlab.example.com"),),
    ),
    Kind(
        "timeout",
        _E,
        "GitLab did not answer in time.",
        "try again; if it stays so, check {host} in a browser on this machine",
        "how-to/check-connection.md#what-can-go-wrong",
        (("host", "gitlab.example.com"),),
    ),
    Kind(
        "connection-cut",
        _E,
        "The connection was cut before the answer was there.",
        "try again; if it stays so, ask who runs the network between you and {host}",
        "how-to/check-connection.md#what-can-go-wrong",
        (("host", "gitlab.example.com"),),
    ),
    Kind(
        "certificate-not-trusted",
        _E,
        "The server's certificate is of an authority that this machine does not trust.",
        "export MLFLOW_TRACKING_SERVER_CERT_PATH=<file with your authority's certificates>",
        _BEHIND,
    ),
    Kind(
        "certificate-expired",
        _E,
        "The server's certificate is over, or not valid yet.",
        "check the date of this machine; if it is right, tell the administrator of {host}",
        _BEHIND,
        (("host", "gitlab.example.com"),),
    ),
    Kind(
        "certificate-other-host",
        _E,
        "The server's certificate is for another host name.",
        "write the host as in the certificate: {place}",
        _BEHIND,
        (("place", "MLFLOW_TRACKING_URI"),),
    ),
    Kind(
        "tls-fails",
        _E,
        "The encrypted connection could not be made.",
        "check scheme and port of the address, and whether something between you and {host} breaks TLS",
        _BEHIND,
        (("host", "gitlab.example.com"),),
    ),
    Kind(
        "redirected",
        _E,
        "The server sends you elsewhere; the token was not sent there.",
        "write the address that GitLab has for itself: {place}",
        _WHICH_ADDRESS,
        (("place", "MLFLOW_TRACKING_URI"),),
    ),
    Kind(
        "not-gitlab",
        _E,
        "What answers at this address is not GitLab's API: a sign-in page, a proxy, or another server.",
        "open {address} in a browser; GitLab answers there in JSON",
        _WHICH_ADDRESS,
        (("address", "https://gitlab.example.com/api/v4/metadata"),),
    ),
    Kind(
        "clock-skew",
        _W,
        "The clocks of this machine and of the server differ: runs get wrong times.",
        "set the clock: timedatectl set-ntp true",
        "how-to/check-connection.md#what-can-go-wrong",
    ),
    # The token.
    Kind(
        "token-missing",
        _E,
        "No token is set.",
        "read -rs MLFLOW_TRACKING_TOKEN && export MLFLOW_TRACKING_TOKEN",
        _NEW_TOKEN,
    ),
    Kind(
        "token-expired",
        _E,
        "The token is expired.",
        "make a new token, and store it where the old one was",
        _TOKEN_ENDS,
    ),
    Kind(
        "token-revoked",
        _E,
        "The token was revoked.",
        "ask who revoked it, make a new one, and store it where the old one was",
        _TOKEN_ENDS,
    ),
    Kind(
        "token-unknown",
        _E,
        "GitLab does not take this token: it is mistyped, of another GitLab, or of a kind that is not taken.{looks}",
        "make a project access token, role Developer, scope api, and set MLFLOW_TRACKING_TOKEN to it",
        _NOT_GOOD,
        (("looks", ""),),
    ),
    Kind(
        "token-of-a-job",
        _E,
        "This is the token of a CI job: it moves packages, and MLflow's routes do not take it.",
        "store a project access token, role Developer, scope api, as the CI/CD variable MLFLOW_TRACKING_TOKEN",
        "ci/deploy-with-a-job-token.md#what-a-job-token-may-do",
    ),
    Kind(
        "oauth-token",
        _W,
        "This is an OAuth token: it logs, and cannot upload files.",
        "make a project access token, role Developer, scope api",
        "mlflow/authentication.md#what-each-credential-may-do",
    ),
    Kind(
        "scope-too-small",
        _E,
        "The token's scope does not cover what MLflow sends.",
        "make a new token with the scope api",
        "mlflow/authentication.md#scopes",
    ),
    Kind(
        "permission-missing",
        _E,
        "The fine-grained token lacks a permission.",
        "add the permission that the answer names to the token",
        "mlflow/authentication.md#fine-grained-tokens",
    ),
    Kind(
        "token-expires-soon",
        _W,
        "The token ends soon.",
        "rotate the token before that day, and store the new one",
        _TOKEN_ENDS,
    ),
    # The project.
    Kind(
        "project-not-found",
        _E,
        "GitLab shows this token no such project: the id or path is wrong, or {who} is not a member.",
        "compare {project} with the number on the project's page; if it is right, ask its Maintainer to add {who}",
        _404,
        (("who", "the token's owner"), ("project", "42")),
    ),
    Kind(
        "role-too-low",
        _E,
        "The role of {who} is too low to log and to search: {role}.",
        "ask a Maintainer of the project for the role Developer",
        "mlflow/permissions.md#401",
        (("who", "the token's owner"), ("role", "Reporter")),
    ),
    Kind(
        "project-archived",
        _E,
        "The project is archived: GitLab refuses uploads of files.",
        "ask an Owner to unarchive it: Settings > General > Advanced > Unarchive project",
        "mlflow/permissions.md#project-settings",
    ),
    Kind(
        "experiments-off",
        _E,
        "Model experiments are switched off, and with them all of MLflow's routes.",
        "ask a Maintainer to switch on: Settings > General > Visibility > Model experiments",
        _SWITCHES,
    ),
    Kind(
        "registry-off",
        _E,
        "The model registry is switched off: no models, and no files of runs either.",
        "ask a Maintainer to switch on: Settings > General > Visibility > Model registry",
        _SWITCHES,
    ),
    Kind(
        "packages-off",
        _E,
        "The package registry is switched off: no file can be uploaded.",
        "ask a Maintainer to switch on: Settings > General > Visibility > Package registry",
        _SWITCHES,
    ),
    # Server and client together.
    Kind(
        "registry-unreadable",
        _W,
        "MLflow {client} cannot read what GitLab {server} answers about a model that has versions.",
        'pip install "mlflow==2.22.5", or update GitLab',
        "explanation/two-version-numbers.md#the-exception-lists-on-gitlab-189",
        (("client", "3.17.2"), ("server", "18.9")),
    ),
    Kind(
        "server-odd-answer",
        _E,
        "GitLab answered in a way that was never recorded; what depends on it is not known.",
        "try again later; if it stays so, ask the administrator of your GitLab with this answer",
        "reference/errors.md",
    ),
    # With --write.
    Kind(
        "write-refused",
        _E,
        "A step of the scratch experiment was refused.",
        "look the answer up in the error index",
        "reference/errors.md",
    ),
    Kind(
        "left-behind",
        _W,
        "The scratch experiment could not be removed.",
        "delete {left}: Analyze > Model experiments in GitLab",
        "how-to/delete-safely.md#delete-a-run-and-an-experiment",
        (("left", "experiment mlflow-gitlab-check-1a2b3c4d"),),
    ),
)

REGISTRY = MappingProxyType({kind.id: kind for kind in _KINDS})
