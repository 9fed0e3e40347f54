"""Scans small programs: a call is found where its name is certain, and nowhere else."""

from __future__ import annotations

import re

import pytest

from mlflow_gitlab.doctor.compatibility import choose, load_matrix
from mlflow_gitlab.doctor.scan import scan_source
from mlflow_gitlab.doctor.scan_findings import Scanned, Severity

MATRIX = load_matrix()
LANE = choose(MATRIX, lane="gitlab-19.3/mlflow-3")

# Every line with `#!` has a call that fails in every lane; no other line has one that is certain.
FOUND = {
    "imports": """
import mlflow
import mlflow as m
import mlflow.sklearn
import mlflow.sklearn as ms
from mlflow import delete_tag
from mlflow import delete_tag as dt, sklearn
from mlflow.sklearn import log_model
from mlflow.tracking.fluent import delete_tag as inner
mlflow.delete_tag("a")  #!
m.delete_tag("a")  #!
delete_tag("a")  #!
dt("a")  #!
inner("a")  #!
mlflow.tracking.fluent.delete_tag("a")  #!
mlflow.sklearn.log_model(x, name="m")  #!
ms.log_model(x, name="m")  #!
sklearn.log_model(x, name="m")  #!
log_model(x, name="m")  #!
""",
    "a star": """
from mlflow import *
delete_tag("a")  #!
MlflowClient().delete_tag("r", "a")  #!
print("a")
""",
    "an import that may fail": """
try:
    import mlflow
except ImportError:
    mlflow = None
mlflow.delete_tag("a")  #!
""",
    "an import inside a function": """
def f():
    import mlflow
    mlflow.delete_tag("a")  #!
    def g():
        mlflow.delete_tag("a")  #!
mlflow.delete_tag("a")
""",
    "other names of functions and modules": """
import mlflow
log = mlflow.delete_tag
tracking = mlflow
log("a")  #!
tracking.delete_tag("a")  #!
""",
    "clients": """
import mlflow
from mlflow import MlflowClient
from mlflow.tracking import MlflowClient as C
from mlflow.tracking.client import MlflowClient as D
a = MlflowClient()
b = mlflow.MlflowClient(tracking_uri="https://gitlab.com/api/v4/projects/1/ml/mlflow")
c = mlflow.tracking.MlflowClient()
d = e = C()
f, g = 1, D()
a.delete_tag("r", "k")  #!
b.delete_tag("r", "k")  #!
c.delete_tag("r", "k")  #!
e.delete_tag("r", "k")  #!
g.delete_tag("r", "k")  #!
MlflowClient().delete_tag("r", "k")  #!
(w := MlflowClient()).delete_tag("r", "k")  #!
w.delete_tag("r", "k")  #!
(MlflowClient() if a else None).delete_tag("r", "k")  #!
delete = a.delete_tag
delete("r", "k")  #!
[a.delete_tag("r", k) for k in "abc"]  #!
lambda: a.delete_tag("r", "k")  #!
""",
    "clients of objects": """
from functools import cached_property
from mlflow import MlflowClient
class Base:
    shared: MlflowClient
    def __init__(self):
        self.client = MlflowClient()
        self.late = None
    def connect(self):
        self.late = MlflowClient()
    @property
    def made(self) -> MlflowClient:
        return self.client
    @cached_property
    def kept(self) -> "MlflowClient":
        return MlflowClient()
    def use(self):
        self.client.delete_tag("r", "k")  #!
        self.late.delete_tag("r", "k")  #!
        self.shared.delete_tag("r", "k")  #!
        self.made.delete_tag("r", "k")  #!
        self.kept.delete_tag("r", "k")  #!
        def inner():
            self.client.delete_tag("r", "k")  #!
class Child(Base):
    def use_more(self):
        self.client.delete_tag("r", "k")  #!
child = Child()
child.client.delete_tag("r", "k")  #!
Child().client.delete_tag("r", "k")  #!
""",
    "annotations": """
from __future__ import annotations
from typing import TYPE_CHECKING, Annotated, Optional
if TYPE_CHECKING:
    from mlflow import MlflowClient
def f(a: MlflowClient, b: "MlflowClient", c: Optional[MlflowClient], d: MlflowClient | None = None,
      *, e: Annotated[MlflowClient, "x"], **rest: MlflowClient):
    a.delete_tag("r", "k")  #!
    b.delete_tag("r", "k")  #!
    c.delete_tag("r", "k")  #!
    d.delete_tag("r", "k")  #!
    e.delete_tag("r", "k")  #!
    rest.delete_tag("r", "k")
    d = d or make()
async def g(client: MlflowClient) -> None:
    client.delete_tag("r", "k")  #!
def make() -> MlflowClient: ...
made = make()
made.delete_tag("r", "k")  #!
make().delete_tag("r", "k")  #!
""",
    "a client that is made when it is missing": """
from mlflow import MlflowClient
def f(client: MlflowClient | None = None):
    client = client or MlflowClient()
    client.delete_tag("r", "k")  #!
""",
    "with": """
import contextlib
import mlflow
with contextlib.nullcontext(mlflow.MlflowClient()) as client, mlflow.start_run(run_name="r") as run:
    client.delete_tag("r", "k")  #!
    run.delete_tag("r", "k")
""",
    "global": """
from mlflow import MlflowClient
client = None
def connect():
    global client
    client = MlflowClient()
client.delete_tag("r", "k")  #!
""",
    "decorators": """
import mlflow
@mlflow.trace
def f(): ...
@mlflow.delete_tag("a")  #!
def g(): ...
""",
    "a class of its own between": """
import mlflow
class A:
    mlflow = None
    def f(self):
        mlflow.delete_tag("a")  #!
""",
}

QUIET = {
    "nothing of mlflow": "client.delete_tag('r', 'k'); log_table({}); search_runs(order_by=['a'])",
    "texts and comments": "x = 'mlflow.delete_tag()'  # mlflow.delete_tag()\n'''import mlflow\nmlflow.delete_tag(1)'''",
    "a parameter of that name": "import mlflow\ndef f(mlflow):\n    mlflow.delete_tag('a')",
    "a name that was given away": "import mlflow\nmlflow = Fake()\nmlflow.delete_tag('a')",
    "a loop variable": "import mlflow\nfor mlflow in x:\n    mlflow.delete_tag('a')",
    "an item": "from mlflow import MlflowClient\nclients = [MlflowClient()]\nclients[0].delete_tag('r', 'k')",
    "the error of an except": "import mlflow\ntry: ...\nexcept E as mlflow:\n    ...\nmlflow.delete_tag('a')",
    "a pattern": "import mlflow\nmatch x:\n    case mlflow: mlflow.delete_tag('a')",
    "a rest of a pattern": "import mlflow\nmatch x:\n    case {**mlflow}: mlflow.delete_tag('a')",
    "a star of a pattern": "import mlflow\nmatch x:\n    case [*mlflow]: mlflow.delete_tag('a')",
    "what with gives": "from mlflow import MlflowClient\nwith tool() as c:\n    c.delete_tag('r', 'k')",
    "an object of another library": "from comet import Client\nc = Client()\nc.delete_tag('r', 'k')",
    "an own mlflow": "from .mlflow import delete_tag\nfrom . import mlflow\ndelete_tag(1)\nmlflow.delete_tag(1)",
    "an own function": "from mlflow import delete_tag\ndef delete_tag(k): ...\ndelete_tag('a')",
    "only a type checker reads it": (
        "import typing\nimport mlflow\nif typing.TYPE_CHECKING:\n    mlflow.delete_tag('a')\n"
    ),
    "two values": "from mlflow import MlflowClient\nc = MlflowClient()\nif x: c = Other()\nc.delete_tag('r', 'k')",
    "a parameter without annotation": "def f(client=None):\n    client.delete_tag('r', 'k')",
    "a default": "from mlflow import MlflowClient\ndef f(c=MlflowClient()):\n    c.delete_tag('r', 'k')",
    "an unknown star": "from mlflow import *\nfrom mine import *\ndelete_tag('a')",
    "a mock": "from mlflow import MlflowClient\nc: MlflowClient = MagicMock()\nc.delete_tag('r', 'k')",
    "an attribute of somebody else": "from mlflow import MlflowClient\nx.c = MlflowClient()\nx.c.delete_tag('r', 'k')",
    "a static method": (
        "from mlflow import MlflowClient\nclass A:\n    @staticmethod\n    def f(self):\n"
        "        self.client = MlflowClient()\n    def g(self):\n        self.client.delete_tag('r', 'k')\n"
    ),
    "an attribute with two values": (
        "from mlflow import MlflowClient\nclass A:\n    def f(self):\n        self.c = MlflowClient()\n"
        "    def g(self, c):\n        self.c = c\n        self.c.delete_tag('r', 'k')\n"
    ),
    "a coroutine": "from mlflow import MlflowClient\nasync def f() -> MlflowClient: ...\nf().delete_tag('r', 'k')",
    "a fixture": (
        "from mlflow import MlflowClient\n@pytest.fixture\ndef client() -> MlflowClient: ...\n"
        "def test(client):\n    client.delete_tag('r', 'k')\n"
    ),
    "a type of another name": "def f(client: Optional[MlflowClient]):\n    client.delete_tag('r', 'k')",
    "a comprehension": "import mlflow\n[mlflow.delete_tag(1) for mlflow in x]",
    "a deleted and other name": "import mlflow\nmlflow += 1\nmlflow.delete_tag('a')",
    "a name that is itself": "c = c\nc.delete_tag('r', 'k')\nd = e\ne = d\nd.delete_tag('r', 'k')",
    "classes that inherit in a circle": "class A(B):\n    def f(self): self.c.delete_tag('r', 'k')\nclass B(A): ...",
    "an attribute that is itself": "class A:\n    def f(self):\n        self.c = self.c\n        self.c.delete_tag()",
}

# These talk to another server, as the file itself says.
ELSEWHERE = {
    "a file": "from mlflow import MlflowClient\nMlflowClient('sqlite:///x.db').delete_tag('r', 'k')",
    "a variable": "from mlflow import MlflowClient\nu = f'file://{x}'\nMlflowClient(tracking_uri=u).delete_tag()",
    "a folder": "from mlflow import MlflowClient\nMlflowClient('mlruns').delete_tag('r', 'k')",
    "a host": "from mlflow import MlflowClient\nMlflowClient('http://localhost:5000').delete_tag('r', 'k')",
    "set": "import mlflow\nmlflow.set_tracking_uri('mlruns')\nmlflow.delete_tag()\nmlflow.MlflowClient().delete_tag()",
    "environment": "import os\nimport mlflow\nos.environ['MLFLOW_TRACKING_URI'] = 'sqlite:///a'\nmlflow.delete_tag('a')",
}


def scan(source: str) -> Scanned:
    return scan_source(source, "a.py", MATRIX, LANE)


def errors(source: str) -> list[int]:
    return [one.line for one in scan(source).findings if one.severity is Severity.ERROR]


@pytest.mark.parametrize("name", FOUND)
def test_a_call_is_found(name: str) -> None:
    source = FOUND[name]
    marked = [number for number, row in enumerate(source.splitlines(), start=1) if row.endswith("#!")]
    assert marked
    assert errors(source) == marked


@pytest.mark.parametrize("name", QUIET)
def test_what_is_not_certain_is_no_finding(name: str) -> None:
    assert scan(QUIET[name]).findings == []


@pytest.mark.parametrize("name", QUIET)
def test_the_quiet_programs_would_be_loud(name: str) -> None:
    """Each of them has the call: it is only the name that is not certain."""
    source = QUIET[name]
    assert re.search(r"delete_tag|search_runs", source)
    loud = "import mlflow as certain\ncertain.delete_tag('a')\n"
    assert errors(f"{source}\n{loud}") == [source.count("\n") + 3]


@pytest.mark.parametrize("name", ELSEWHERE)
def test_calls_to_another_server_are_left_alone(name: str) -> None:
    source = ELSEWHERE[name]
    assert scan(source).findings == []
    for other in ("sqlite:///x.db", "mlruns", "http://localhost:5000", "sqlite:///a"):
        source = source.replace(f"'{other}'", "'https://gitlab.com/api/v4/projects/1/ml/mlflow'")
    assert errors(source.replace("f'file://{x}'", "f'{x}/ml/mlflow'")) != []


def test_a_file_that_goes_elsewhere_says_so() -> None:
    assert scan(ELSEWHERE["set"]).elsewhere == 2
    assert scan(ELSEWHERE["environment"]).elsewhere == 3
    assert scan(ELSEWHERE["a file"]).elsewhere is None
    # A client that names the GitLab itself is checked, whatever the module does.
    source = "import mlflow\nmlflow.set_tracking_uri('mlruns')\nmlflow.MlflowClient(uri).delete_tag('r', 'k')"
    assert errors(source) == [3]


def test_the_place_is_exact() -> None:
    (one,) = scan("import mlflow\nprint('ä', mlflow.delete_tag(\n  'ü'))\n").findings
    assert (one.line, one.column, one.end_line, one.end_column) == (2, 12, 3, 7)
