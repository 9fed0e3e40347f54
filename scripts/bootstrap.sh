#!/bin/sh
# Makes the environment .venv/<name> from requirements/<name>.txt, with hashes. Does nothing where it is up to date.
#
#   scripts/bootstrap.sh mlflow-3          make the environment
#   scripts/bootstrap.sh --find mlflow-3   only say which Python it would use
#
# PYTHON=/path/to/python chooses the interpreter. uv is used where it is installed, and installed where it is not.
set -eu

find_only=
[ "${1:-}" = --find ] && { find_only=1; shift; }
name=${1:?usage: scripts/bootstrap.sh [--find] mlflow-2|mlflow-3}
cd "$(dirname "$0")/.."
lock=requirements/$name.txt
[ -f "$lock" ] || { echo "bootstrap: there is no $lock; use one of $(ls requirements | sed -n 's/^\(mlflow-[0-9]*\)\.txt$/\1/p' | tr '\n' ' ')" >&2; exit 1; }

# A name on PATH may be a stand-in that fails or is another version, so each candidate has to answer for itself.
usable() {
  version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || return 1
  case $version in 3.12 | 3.13) ;; *) return 1 ;; esac
  "$1" -c 'import ensurepip, venv' >/dev/null 2>&1 || { no_venv="$1 (Python $version)"; return 1; }
}

# The recordings were made with 3.12 for MLflow 2 and 3.13 for MLflow 3; the other one does as well.
case $name in mlflow-2) order="3.12 3.13" ;; *) order="3.13 3.12" ;; esac
no_venv=
python=
candidates=${PYTHON:-}
if [ -z "$candidates" ]; then
  for minor in $order; do
    candidates="$candidates python$minor"
    for path in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/"$minor"*/bin/python; do
      [ -x "$path" ] && candidates="$candidates $path"
    done
  done
  candidates="$candidates python3 python"
fi
for candidate in $candidates; do
  if usable "$candidate"; then python=$candidate; break; fi
done
if [ -z "$python" ]; then
  {
    echo "bootstrap: Python 3.12 or 3.13 is needed (MLflow 2.22.5 does not install on 3.14), and none was found."
    [ -z "$no_venv" ] || echo "  $no_venv cannot make environments: apt-get install python3-venv, or the like"
    echo "  Debian, Ubuntu: apt-get install python3.12 python3.12-venv"
    echo "  macOS:          brew install python@3.13"
    echo "  anywhere:       pyenv install 3.13, or uv python install 3.13"
    echo "  elsewhere:      make setup PYTHON=/path/to/python3.13"
  } >&2
  exit 1
fi
if [ -n "$find_only" ]; then echo "$python"; exit 0; fi

full_version=$("$python" -c 'import sys; print(sys.version)')
wanted=$( (echo "$full_version"; cat requirements/uv.txt "$lock" pyproject.toml "$0") | cksum)
environment=.venv/$name
stamp=$environment/.made-from
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi

# uv reads neither pip's certificate nor pip's index: hand both on.
[ -n "${SSL_CERT_FILE:-}" ] || { [ -z "${PIP_CERT:-}" ] || export SSL_CERT_FILE="$PIP_CERT"; }
[ -n "${UV_DEFAULT_INDEX:-}" ] || { [ -z "${PIP_INDEX_URL:-}" ] || export UV_DEFAULT_INDEX="$PIP_INDEX_URL"; }

echo "bootstrap: making $environment with $python ($("$python" -c 'import platform; print(platform.python_version())'))" >&2
rm -rf "$environment"
"$python" -m venv "$environment"
if uv --version >/dev/null 2>&1; then
  uv=uv
else
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
  uv=$environment/bin/uv
fi
if ! VIRTUAL_ENV=$environment "$uv" pip install --quiet --require-hashes -r "$lock"; then
  echo "bootstrap: uv did not succeed; trying pip" >&2
  "$environment/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
fi
"$environment/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
printf '%s' "$wanted" > "$stamp"
