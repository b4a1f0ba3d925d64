"""Imports point inwards and downwards: the core knows nothing of Dagster, and packages form no circle."""

from __future__ import annotations

import ast
import functools
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import viral_assets

PACKAGE = Path(viral_assets.__file__).parent

CORE = (
    "projects",
    "sources",
    "embedding",
    "scoring",
    "quota",
    "generation",
    "store",
    "delivery",
    "learning",
    "web",
    "text",
    "llm",
    "queries",
    "safety",
    "choosing",
    "upkeep",
    "notifications",
    "posted",
)
SHELL = ("definitions", "cli", "instance", "defs")
ROOT = (
    *("bundled", "clock", "context", "errors", "garbage", "hours", "memory", "processes", "settings", "threads"),
    *("vocabulary", "whole_files"),
)

MAY_READ_SETTINGS = {"cli", "definitions", "generation", "defs", "quota"}

KNOWS_ONLY = {
    "text": set[str](),
    "llm": {"text"},
    "projects": {"llm"},
    "store": {"text"},
    "safety": {"text"},
    "scoring": {"projects", "safety", "text"},
    "quota": {"llm", "store", "text"},
    "embedding": {"llm", "quota", "store", "text"},
    "generation": {"llm", "projects", "quota", "safety", "store", "text"},
    "queries": {"llm", "projects", "quota", "safety", "scoring", "store", "text"},
    "upkeep": {"store", "text"},
    "notifications": {"projects", "queries", "store", "text"},
    "posted": {"delivery", "queries", "quota", "sources", "store", "text"},
}
"""Packages with a promise about what they need, besides the root modules."""


@functools.cache
def _modules() -> list[tuple[str, Path]]:
    """Dotted names, without the package's own, of all modules."""
    return list(_found())


def _found() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


@functools.cache
def _tree(path: Path) -> ast.Module:
    """The code of a module."""
    return ast.parse(path.read_text(encoding="utf-8"))


@functools.cache
def _nodes(path: Path) -> list[ast.AST]:
    """All of it, however deep."""
    return list(ast.walk(_tree(path)))


@functools.cache
def _imports_of(path: Path) -> frozenset[str]:
    """Everything that a module imports while the program runs."""
    return frozenset(_imports(_tree(path)))


def _package(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _imports(tree: ast.AST) -> Iterator[str]:
    """Everything imported while the program runs, also within functions. What only the type checker sees is none."""
    for node in ast.iter_child_nodes(tree):
        if _is_type_checking(node):
            for alternative in node.orelse:  # type: ignore[attr-defined]
                yield from _imports(alternative)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
        else:
            yield from _imports(node)


@functools.cache
def packages_imported() -> dict[str, set[str]]:
    """Of each package, the others that it imports."""
    found: dict[str, set[str]] = {_package(name): set() for name, _ in _modules() if name}
    for name, path in _modules():
        for imported in _imports_of(path):
            package, _, module = imported.partition(".")
            if package == "viral_assets" and module and name:
                found[_package(name)].add(_package(module))
    return {package: others - {package} for package, others in found.items()}


def test_every_package_is_known_to_this_test() -> None:
    packages = {_package(name) for name, _ in _modules() if name} - {"demo"}
    assert packages == {*CORE, *SHELL, *ROOT}


@pytest.mark.slow
@pytest.mark.parametrize("package", CORE)
def test_the_core_imports_neither_dagster_nor_the_shell(package: str) -> None:
    for name, path in _modules():
        if _package(name) == package:
            imported = _imports_of(path)
            assert not {each for each in imported if each.split(".")[0].startswith("dagster")}, name
    assert not packages_imported().get(package, set()) & set(SHELL)


@pytest.mark.slow
def test_the_core_runs_without_dagster() -> None:
    """Also what is imported by what is imported."""
    modules = [f"viral_assets.{name}" for name, _ in _modules() if _package(name) in {*CORE, *ROOT}]
    modules = [name for name in modules if ".migrations" not in name]
    program = (
        "import importlib, sys\n"
        f"for name in {modules!r}:\n"
        "    importlib.import_module(name)\n"
        "print([name for name in sys.modules if name.split('.')[0].startswith('dagster')])"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_packages_form_no_circle() -> None:
    list(TopologicalSorter(packages_imported()).static_order())


@pytest.mark.parametrize(("package", "allowed"), KNOWS_ONLY.items(), ids=list(KNOWS_ONLY))
def test_a_package_needs_only_what_it_promises(package: str, allowed: set[str]) -> None:
    assert packages_imported().get(package, set()) - set(ROOT) <= allowed


PARTS_KNOW_ONLY = {
    "sources.content": set[str](),
    "sources.parsers": {"sources.base", "sources.tweet"},
    "sources.files": {"sources.base", "sources.tweet", "sources.content", "sources.parsers"},
    "generation.drafting": {"generation.opportunity"},
}
"""What a part of a package may import of its own package."""

PARTS_NEED_PACKAGES = {
    "sources.content": {"errors"},
    "sources.parsers": {"context", "errors", "text"},
}
"""What it may import of other packages, the root modules too: no settings, no store, no services."""


def _part(module: str) -> str:
    return ".".join(module.split(".")[:2])


@pytest.mark.parametrize(("part", "allowed"), PARTS_KNOW_ONLY.items(), ids=list(PARTS_KNOW_ONLY))
def test_a_part_of_a_package_needs_only_what_it_promises(part: str, allowed: set[str]) -> None:
    for name, path in _modules():
        if _part(name) == part:
            imported = {each.removeprefix("viral_assets.") for each in _imports_of(path)}
            inside = {_part(each) for each in imported if _package(each) == _package(name)}
            assert inside - {part} <= allowed, name


@pytest.mark.parametrize(("part", "allowed"), PARTS_NEED_PACKAGES.items(), ids=list(PARTS_NEED_PACKAGES))
def test_a_part_of_a_package_needs_only_the_packages_it_promises(part: str, allowed: set[str]) -> None:
    for name, path in _modules():
        if _part(name) == part:
            imported = [each for each in _imports_of(path) if "viral_assets" in each]
            packages = {_package(each.partition(".")[2]) for each in imported}
            assert packages - {_package(part)} <= allowed, name


def test_the_environment_is_read_at_the_edge_only() -> None:
    assert {package for package, others in packages_imported().items() if "settings" in others} <= MAY_READ_SETTINGS


WRITE_SQL = {"store", "queries", "quota", "upkeep"}
DAGSTERS_OWN_FILES = ("instance", "defs.automation.event_log", "defs.history")
"""Dagster's tables are Dagster's to read and write, but for what is mended, goes or is set on connections there."""


class _InCode(ast.NodeVisitor):
    """What sqlalchemy's names are bound to, and every name that is used where something runs: not in annotations."""

    def __init__(self) -> None:
        self.of_sqlalchemy: set[str] = set()
        self.used: set[str] = set()

    def visit_Import(self, node: ast.Import) -> None:
        self.of_sqlalchemy |= {
            each.asname or each.name.split(".")[0] for each in node.names if each.name.split(".")[0] == "sqlalchemy"
        }

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if (node.module or "").split(".")[0] == "sqlalchemy":
            self.of_sqlalchemy |= {each.asname or each.name for each in node.names}

    def visit_Name(self, node: ast.Name) -> None:
        self.used.add(node.id)

    def visit_arg(self, node: ast.arg) -> None:
        """An annotation."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for each in (*node.decorator_list, node.args, *node.body):
            self.visit(each)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815 - named by ast


def _sql_in(tree: ast.Module) -> set[str]:
    code = _InCode()
    code.visit(tree)
    return code.of_sqlalchemy & code.used


def test_sql_is_written_in_the_store_the_read_side_and_the_ledger_only() -> None:
    elsewhere = {
        name
        for name, path in _modules()
        if _package(name) not in WRITE_SQL
        and not any(name == its or name.startswith(f"{its}.") for its in DAGSTERS_OWN_FILES)
        and _sql_in(_tree(path))
    }
    assert elsewhere == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import sqlalchemy as sa\nquery = sa.select(table)", {"sa"}),
        ("def read():\n    from sqlalchemy import text as said\n    return said('SELECT 1')", {"said"}),
        ("import sqlalchemy as sa\ndef read(connection: sa.Connection) -> sa.Row: ...", set()),
    ],
)
def test_the_rule_sees_statements_and_not_types(source: str, found: set[str]) -> None:
    assert _sql_in(ast.parse(source)) == found


KNOWS_DAGSTER = {"definitions", "defs", "instance"}
"""The command line reaches Dagster through these: ``defs`` executes runs, ``instance`` opens where they are kept."""

INTERNALS = "defs.dagster_internals"
"""The only module that may import what Dagster does not promise to keep."""


def _all_imports(path: Path) -> Iterator[str]:
    """Dotted names of everything imported, also for the type checker only; ``from a import b`` is ``a.b``."""
    for node in _nodes(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _is_private_to_dagster(name: str) -> bool:
    package, *parts = name.split(".")
    if package == "dagster_shared":
        return True
    # Of its libraries, what their top module has is public.
    nested = package.startswith("dagster_") and len(parts) > 1
    return package.startswith("dagster") and (nested or any(part.startswith("_") for part in parts))


def test_only_the_shell_knows_dagster() -> None:
    knows = {
        _package(name) for name, path in _modules() if any(each.startswith("dagster") for each in _all_imports(path))
    }
    assert knows == KNOWS_DAGSTER


def test_what_dagster_does_not_promise_to_keep_is_imported_in_one_module() -> None:
    for name, path in _modules():
        by_name = [
            node.value
            for node in _nodes(path)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("dagster")
        ]
        private = [each for each in (*_all_imports(path), *by_name) if _is_private_to_dagster(each)]
        assert not private or name == INTERNALS, f"{name}: {private}"


def test_nobody_else_touches_what_begins_with_an_underscore_of_another() -> None:
    """In the packages that know Dagster; of a class's own objects it is fine."""
    for name, path in _modules():
        if _package(name) in KNOWS_DAGSTER and name != INTERNALS:
            touched = [
                node.attr
                for node in _nodes(path)
                if isinstance(node, ast.Attribute)
                and node.attr.startswith("_")
                and not node.attr.startswith("__")
                and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
            ]
            assert touched == [], name


def test_an_instance_needs_nothing_of_the_definitions() -> None:
    """``dagster.yaml`` names it: every process of Dagster imports it before anything else."""
    for name, path in _modules():
        if _package(name) == "instance":
            imported = _imports_of(path)
            assert {each for each in imported if each.startswith("viral_assets.defs")} <= {f"viral_assets.{INTERNALS}"}
