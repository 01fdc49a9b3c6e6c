"""What is used of other packages beyond their public interfaces, held to what is installed.

Dagster has a module of tests of its own: ``test_dagster_private.py``.
"""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import dvc.schema
import dvc.stage.run
import pandera.pandas as pa
import pyspark.errors.utils
import pytest
import voluptuous
import yaml
from dvc.config import Config
from dvc.output import Output
from dvc.repo import Repo
from dvc.utils import serialize, strictyaml
from packaging.requirements import Requirement

from datarelease.adapters.dvc import private as dvc_private
from datarelease.adapters.strict_yaml import parse_yaml
from datarelease.analysis.engine.spark import narwhals_private, spark_private
from datarelease.analysis.validation import pandera_private, patterns

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "datarelease"
PRIVATE = {
    "adapters/dvc/private.py": {"dvc"},
    "analysis/engine/spark/narwhals_private.py": {"narwhals"},
    "analysis/validation/patterns.py": {"re"},
    "orchestration/dagster_private.py": {"dagster"},
}
"""The modules that import a private name, and of whom."""
REACHING = {
    "adapters/dvc/private.py",
    # Copies on the server need a channel of sshfs, and the coroutines that fsspec names so.
    "adapters/store/kinds.py",
    "analysis/engine/spark/narwhals_private.py",
    "analysis/engine/spark/spark_private.py",
    "analysis/validation/pandera_private.py",
    # The client spells its public error codes with an underscore.
    "ingest/kafka/broker.py",
    "ingest/kafka/client.py",
    "ingest/kafka/producer.py",
}
"""The modules that use a private attribute of something that they did not make."""
BOUNDED = {
    "dvc": "3.68",
    "pandera": "0.36",
    "PyGithub": "3",
    "PyYAML": "7",
    "dagster": "1.14",
    "narwhals": "2.30",
    "pyspark-client": "4.3",
}
"""Packages of which such names are used, and the release that is not taken unseen."""


def private_imports(module: ast.Module) -> Iterator[str]:
    """The packages, other than this one, of which a module imports a private name."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module != "__future__":
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = []
        for name in names:
            package, *rest = name.split(".")
            if package != "datarelease" and any(part.startswith("_") for part in rest):
                yield package


def locked(name: str) -> str:
    """The release of a package that the lock pins."""
    text = (ROOT / "requirements/dev.txt").read_text()
    pins = re.findall(rf"^{name}(?:\[\w+\])?==(\S+)", text, re.MULTILINE | re.IGNORECASE)
    return str(pins[0])


def test_one_module_for_each_package_imports_private_names() -> None:
    """Another module that needs such a name takes it from there."""
    found = {
        path.relative_to(PACKAGE).as_posix(): packages
        for path in PACKAGE.rglob("*.py")
        if (packages := set(private_imports(ast.parse(path.read_text("utf-8")))))
    }
    assert found == PRIVATE


def test_private_attributes_are_used_there_alone() -> None:
    """Ruff refuses them (SLF001); these modules say that they need one."""
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "noqa: SLF001" in path.read_text("utf-8")
    }
    assert found == REACHING


def test_pandera_is_loaded_by_one_module() -> None:
    """So nothing of it is loaded before a schema is."""
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if re.search(r"^\s*(from|import) pandera", path.read_text("utf-8"), re.MULTILINE)
    }
    assert found == set()


@pytest.mark.slow  # test_fork_server.py loads it without Spark
def test_pandera_brings_no_spark_along() -> None:
    """It would, where Spark's client is installed, for checks of Spark's own frames."""
    code = (
        "import sys; from datarelease.analysis.validation import pandera_private as private;"
        "private.type_of('int64'); private.load_pandera();"
        "print('pandera' in sys.modules, 'pyspark' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("True False\n", "")


@pytest.mark.parametrize("name", BOUNDED)
def test_a_release_that_may_move_them_is_not_taken_unseen(name: str) -> None:
    """The package has an upper bound, which the locked release is below."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = map(Requirement, [*project["dependencies"], *(each for e in extras for each in e)])
    named = [each for each in wanted if each.name == name]
    # Readers, who use none of these names, take any release from the lowest one on.
    [found] = [each for each in named if len(each.specifier) > 1 or len(named) == 1]
    assert locked(name) in found.specifier
    assert BOUNDED[name] not in found.specifier


def test_newer_releases_are_tried() -> None:
    """`make newest` lifts each upper bound and pin, but that of what DVC and Dagster share."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = map(Requirement, [*project["dependencies"], *(each for e in extras for each in e)])
    lines = (ROOT / "requirements/newest.in").read_text().splitlines()
    lifted = {each.name: each for each in map(Requirement, lines[1:])}
    bounded = {
        each.name: [part.version for part in each.specifier if part.operator in {">=", "=="}]
        for each in wanted
        if any(part.operator in {"<", "=="} for part in each.specifier)
    }
    assert bounded.pop("antlr4-python3-runtime") == ["4.13"]
    assert {name: [f">={least}" for least in found] for name, found in bounded.items()} == {
        name: [str(each.specifier)] for name, each in lifted.items()
    }


def test_dvc_names_plots_and_metrics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Metrics as they are written, plots by the paths of the files that are drawn."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.yaml").write_text("metrics: [m.json]\nplots:\n- p.csv:\n    x: a\n    y: b\n")
    (tmp_path / "m.json").write_text("{}")
    (tmp_path / "p.csv").write_text("a,b\n1,2\n")
    with Repo.init(str(tmp_path), no_scm=True) as repo:
        assert [Path(path).name for path in dvc_private.top_level_metrics(repo)] == ["m.json"]
        assert [Path(path).name for path in dvc_private.plot_sources(repo)] == ["p.csv"]


def test_dvc_resolves_the_paths_of_a_configuration(tmp_path: Path) -> None:
    """A relative address means a place beside the file; others stay."""
    file = tmp_path / "config"
    file.write_text(
        "['remote \"near\"']\n    url = ../store\n['remote \"far\"']\n    url = s3://b/x\n"
    )
    shown = dvc_private.with_absolute_paths(Config.load_file(str(file)), str(file))
    assert Path(shown["remote"]["near"]["url"]).resolve() == (tmp_path / "../store").resolve()
    assert shown["remote"]["far"]["url"] == "s3://b/x"


def test_dvc_resolves_the_paths_of_a_configuration_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A configuration is what it was; files that say nothing are passed over, an edit counts."""
    Repo.init(str(tmp_path), no_scm=True).close()
    (file := tmp_path / ".dvc/config").write_text(
        "[core]\n    remote = x\n['remote \"x\"']\n    url = ../y\n"
        "['remote \"s\"']\n    url = ssh://h/y\n    keyfile = ~/key\n"
    )
    asked: list[object] = []
    own = Config._map_dirs

    def map_dirs(conf: object, func: object) -> object:
        asked.append(conf)
        return own(conf, func)

    monkeypatch.setattr(Config, "_load_paths", inspect.unwrap(Config._load_paths))
    monkeypatch.setattr(Config, "_map_dirs", staticmethod(map_dirs))
    before = Config(str(tmp_path / ".dvc"))
    assert len(asked) == len(Config.LEVELS)
    asked.clear()
    dvc_private.resolve_paths_once.__wrapped__()
    for _ in range(2):
        read = Config(str(tmp_path / ".dvc"))
        assert read == before
        assert read["remote"]["x"]["url"] == str(tmp_path / "y")
        assert read["remote"]["s"]["keyfile"].def_path == "~/key"
        assert type(read["remote"]["x"]["url"]) is type(before["remote"]["x"]["url"])
        read["remote"]["x"]["url"] = "changed"
    assert len(asked) == 1
    file.write_text(file.read_text().replace("../y", "z"))
    assert Config(str(tmp_path / ".dvc"))["remote"]["x"]["url"] == str(tmp_path / ".dvc/z")


def test_dvc_compiles_the_schema_of_a_stage_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stages and groups of stages are read as before, and what is wrong is said in DVC's words."""
    monkeypatch.setattr(dvc.schema, "vol", voluptuous)
    file = tmp_path / "dvc.yaml"
    texts = [
        "stages: {a: {cmd: x}, b: {foreach: [1], do: {cmd: y}}, c: {matrix: {k: [1]}, cmd: z}}",
        "stages: {a: {cmd: x, outs: [{f: {cache: 7}}]}}",
        "stages: {a: {foreach: [1], do: {cmd: x, dep: [y]}}}",
        "stages: {a: 5}",
    ]

    def said() -> Iterator[object]:
        for text in texts:
            file.write_text(text)
            try:
                yield strictyaml.load(str(file), dvc.schema.COMPILED_MULTI_STAGE_SCHEMA)[0]
            except strictyaml.YAMLValidationError as error:
                yield [(str(fault), fault.path) for fault in error.exc.errors]

    before = list(said())
    dvc_private.compile_stages_once.__wrapped__()
    monkeypatch.delattr(voluptuous.Schema, "_compile")
    assert list(said()) == before
    body = inspect.getsource(dvc.schema.either_or)
    assert body.count("vol.") == body.count("vol.Schema(schema)(data)") == 1


def test_dvc_starts_commands_in_one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """What replaces it is called as DVC's own is: with the shell, the command and settings."""
    own = dvc.stage.run._run
    monkeypatch.setattr(dvc.stage.run, "_run", own)
    calls: list[tuple[Any, ...]] = []

    def replaced(start: dvc_private.StartCommand) -> dvc_private.StartCommand:
        assert start is own
        return lambda *arguments, **settings: calls.append((*arguments, set(settings)))

    dvc_private.replace_start(replaced)
    assert list(inspect.signature(own).parameters) == ["executable", "cmd", "kwargs"]
    assert dvc.stage.run._run is not own
    called = inspect.getsource(dvc.stage.run.cmd_run)
    assert "prepare_kwargs(stage, run_env=run_env)" in called
    assert "_run(executable, cmd, **kwargs)" in called


def test_dvc_asks_an_output_for_its_hash_and_its_objects() -> None:
    """A status goes through both methods that are replaced for a while, with these arguments."""
    assert list(inspect.signature(Output._get_hash_meta).parameters) == ["self"]
    assert list(inspect.signature(Output.changed_cache).parameters) == ["self", "filter_info"]
    assert "self._get_hash_meta()" in inspect.getsource(Output.get_hash)
    assert "self.get_hash()" in inspect.getsource(Output.changed_checksum)
    assert "self.changed_cache()" in inspect.getsource(Output.status)
    own = Output._get_hash_meta, Output.changed_cache
    with pytest.raises(KeyError), dvc_private.look_once({}):
        raise KeyError
    assert (Output._get_hash_meta, Output.changed_cache) == own


def test_dvc_parses_a_yaml_text_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way to a YAML file leads there; a change of what was read, or of the file, counts."""
    own, parsed = inspect.unwrap(serialize._yaml.parse_yaml), []

    def counting(text: str, path: str, typ: str = "safe") -> Any:
        parsed.append(text)
        return own(text, path, typ)

    for module in (serialize, serialize._yaml, strictyaml):
        assert inspect.unwrap(module.parse_yaml) is own
        monkeypatch.setattr(module, "parse_yaml", own)
    monkeypatch.setattr(serialize._yaml, "parse_yaml", counting)
    dvc_private.parse_yaml_once.__wrapped__()
    (file := tmp_path / "params.yaml").write_text("a: {b: [1]}\n")
    for _ in range(2):
        for read in (
            serialize.load_yaml(file),
            serialize.PARSERS[".yaml"](file.read_text(), file),
            strictyaml.load(str(file))[0],
        ):
            assert read == {"a": {"b": [1]}}
            read["a"]["b"].append(2)
    monkeypatch.chdir(tmp_path)
    assert serialize.load_yaml("params.yaml") == {"a": {"b": [1]}}
    assert len(parsed) == 1
    file.write_text("a: 1\n")
    assert serialize.load_yaml(file) == {"a": 1}
    with serialize.modify_yaml(file) as edited:
        edited["a"] = 2
    assert serialize.load_yaml(file) == {"a": 2}
    for name in ("one", "other"):
        with pytest.raises(serialize.YAMLFileCorruptedError, match=name):
            serialize._yaml.parse_yaml("a: [", name)


@pytest.mark.parametrize("name", pandera_private.PLACES)
def test_pandera_has_every_name(name: str) -> None:
    """Each is where it is loaded from."""
    assert callable(getattr(pandera_private, name))


def test_pandera_keeps_function_and_arguments_of_a_check() -> None:
    """Of built-in checks, under any of their names, and of a check that is a function."""
    check = pa.Check.in_range(1, 2)
    assert pandera_private.built_in(check) == "in_range"
    assert pandera_private.built_in(pa.Check.ge(1, name="old enough")) == (
        "greater_than_or_equal_to"
    )
    arguments = pandera_private.arguments_of(check)
    assert {key: arguments[key] for key in ("min_value", "max_value")} == {
        "min_value": 1, "max_value": 2,
    }  # fmt: skip

    def larger(values: Any, least: int) -> Any:
        return values > least

    own = pa.Check(larger, least=3)
    assert pandera_private.built_in(own) is None
    assert pandera_private.function_of(own) is larger
    assert pandera_private.arguments_of(own) == {"least": 3}


def test_pandera_reads_types_with_arguments() -> None:
    """Its public function for types knows no ``Decimal(10, 2)``."""
    decimal = pandera_private.type_of("Decimal(10, 2)")
    assert isinstance(decimal, pandera_private.dtypes().Decimal)
    assert (decimal.precision, decimal.scale) == (10, 2)
    with pytest.raises(TypeError):
        pandera_private.type_of("no such type")


def test_re_parses_into_the_constructs_that_are_translated() -> None:
    """One pattern has all of them; another release would show in ``re2``."""
    whole = r"^\A(?:a|e+)*?(b|[c-d])\w{2,3}.\b\d(?i:f)[^g]$"
    assert patterns.pattern_of(whole, anchored=False).re2 == (
        r"\A\A(?:(?:[a]|(?:[e])+))*(?:[bc-d])(?:[A-Za-z0-9_]){2,3}[^\n]\b[0-9](?:(?i:[f]))[^g]\n?\z"
    )


def test_narwhals_frames_of_spark_can_be_subclassed() -> None:
    """They take columns by the function that is replaced, and have the methods that quote names."""
    frame = narwhals_private._Frame
    parent = frame.__base__
    for name, method in vars(frame).items():
        if inspect.isfunction(method) and name != "_renamed":
            there = inspect.signature(getattr(parent, name)).parameters
            assert list(inspect.signature(method).parameters) == list(there)
    assert isinstance(getattr(parent, "_F", None), property)


def test_the_client_of_spark_hands_out_batches() -> None:
    """Whose schema comes first, as a type of Spark's own."""
    # After `spark_private`, which keeps Spark from ending a process without a file.
    client = import_module("pyspark.sql.connect.client").SparkConnectClient
    method = client.to_table_as_iterator
    assert list(inspect.signature(method).parameters) == ["self", "plan", "observations"]


def test_the_client_of_spark_looks_for_no_callers() -> None:
    """It would at each call of a function, and import IPython in vain."""
    assert spark_private.FUNCTIONS is not None
    assert inspect.signature(pyspark.errors.utils.is_debugging_enabled).parameters == {}
    assert not pyspark.errors.utils.is_debugging_enabled()


def test_yaml_has_the_parts_of_a_loader() -> None:
    """Libyaml parses, and Python puts together: nothing overflows the stack of C."""
    assert parse_yaml("a: [1, 2.5, 2026-01-02, null]")["a"][:2] == [1, 2.5]
    with pytest.raises(yaml.YAMLError, match="occurs twice"):
        parse_yaml("a: 1\na: 2\n")
