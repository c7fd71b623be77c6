"""The row of a request: locked, compared with what was reviewed, changed as approved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from . import mariadb, postgres
from .refusals import Conflict, Failed
from .request import Request

# By the word a request's target has for them.
ENGINES: Mapping[str, ModuleType] = {"postgres": postgres, "mysql": mariadb}


def lock(cursor: Any, request: Request) -> None:
    """Locks the request's row; a Conflict where key, tenant, version or a captured column is not the reviewed one."""
    target = request.target
    expected = {**request.before, target["key_column"]: target["key"]}
    if target.get("tenant_column"):
        expected[target["tenant_column"]] = request.tenant
    if request.guard["kind"] == "version":
        expected[request.guard["column"]] = request.guard["expected"]
    changed = Ground.of(cursor, target).differing(cursor, expected)
    if target["key_column"] in changed or target.get("tenant_column") in changed:
        raise Conflict("ROW_NOT_FOUND_OR_WRONG_TENANT")
    if changed:
        raise Conflict("ROW_CHANGED_AFTER_PROPOSAL", changed)


def update(cursor: Any, request: Request) -> None:
    """Writes the approved patch into the locked row, moves its version where whoever applies does that, and reads it back."""
    patch, guard = request.patch, request.guard
    if not set(patch) <= set(request.allowed_columns):
        raise Failed("COLUMN_NOT_ALLOWED")
    ground = Ground.of(cursor, request.target)
    engine = ground.engine
    assigned = [f"{engine.quoted(name)} = {engine.value(ground.kind(name))}" for name in patch]
    if guard["kind"] == "version" and guard["advance"] != "none":
        column = engine.quoted(guard["column"])
        moved = f"{column} + 1" if guard["advance"] == "increment" else engine.clock(ground.kind(guard["column"]))
        assigned.append(f"{column} = {moved}")
    cursor.execute(
        f"UPDATE {ground.table} SET {', '.join(assigned)} WHERE {ground.where}",
        tuple(plain(value) for value in (*patch.values(), request.target["key"])),
    )
    # A trigger took it back, or the column cannot hold it.
    if ground.differing(cursor, patch):
        raise Failed("NOT_AS_APPROVED")


@dataclass(frozen=True)
class Ground:
    """What statements on the request's row are made of."""

    engine: ModuleType
    kinds: Mapping[str, Any]
    target: Mapping[str, Any]

    @staticmethod
    def of(cursor: Any, target: Mapping[str, Any]) -> Ground:
        engine = ENGINES[target["engine"]]
        return Ground(engine, engine.kinds(cursor, target), target)

    @property
    def table(self) -> str:
        return f"{self.engine.quoted(self.target['schema'])}.{self.engine.quoted(self.target['table'])}"

    @property
    def where(self) -> str:
        key = self.target["key_column"]
        return f"{self.engine.quoted(key)} = {self.engine.value(self.kind(key))}"

    def kind(self, name: str) -> Any:
        if name not in self.kinds:
            raise Failed("COLUMN_NOT_FOUND")
        return self.kinds[name]

    def differing(self, cursor: Any, expected: Mapping[str, Any]) -> list[str]:
        """The columns that do not hold what is expected of them, in one statement that locks the row."""
        names = sorted(expected)
        compared = ", ".join(self.engine.same(name, self.kind(name)) for name in names)
        values = [*(expected[name] for name in names), self.target["key"]]
        cursor.execute(
            f"SELECT {compared} FROM {self.table} WHERE {self.where} FOR UPDATE", tuple(plain(value) for value in values)
        )
        rows = cursor.fetchall()
        if not rows:
            raise Conflict("ROW_NOT_FOUND")
        if len(rows) > 1:
            raise Failed("KEY_NOT_UNIQUE")
        return [name for name, is_same in zip(names, rows[0]) if not is_same]


def plain(value: Any) -> str | None:
    """A value of a request as databases read it."""
    if value is None or isinstance(value, str):
        return value
    return "true" if value is True else "false" if value is False else str(value)
