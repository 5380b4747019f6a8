"""What a study is, and the key of a run."""

import ast
import functools
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, TypeVar

import polars as pl

from engine.result import Result
from engine.spec import Spec

SECONDS_PER_POINT = 1e-4
S = TypeVar("S", bound=Spec)
SECONDS_PER_CHUNK = 0.3
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Work(Generic[S]):
    """What a study works on: the question, the tables it named, and the results of the specs it needs."""

    spec: S
    tables: Mapping[str, pl.DataFrame]
    needs: Mapping[str, Result] = field(default_factory=dict)


class Study(Generic[S]):
    """A question, cut into chunks by the spec and tables alone, and the answer put together from them.

    A small study leaves `chunks` at one and does its work in `combine`. A large one lists chunks, each
    a tenth of a second to a second of work, and returns a frame a chunk; `combine` gets those frames in
    chunk order, whatever order they were computed in, read one at a time. `keeps_chunks` says that the chunks are part
    of the answer and stay in the store. `optional` names inputs that are left away where the user brings no file.
    `varies` names the fields in which points that `evaluate` answers at once may differ; none where it answers none.
    """

    spec_type: ClassVar[type[Spec]]
    inputs: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[tuple[str, ...]] = ()
    parallel: ClassVar[Literal["threads", "processes"]] = "processes"
    keeps_chunks: ClassVar[bool] = False
    varies: ClassVar[tuple[str, ...]] = ()

    @property
    def name(self) -> str:
        return self.spec_type.study

    def inputs_for(self, spec: S) -> tuple[str, ...]:
        """Names of the tables a spec is asked of; `inputs` unless the study says otherwise."""
        return self.inputs

    def needs(self, spec: S) -> dict[str, Spec]:
        """Specs that must be run first, by the name under which `Work.needs` will hold their results."""
        return {}

    def chunks(self, work: Work[S]) -> Sequence[Any]:
        """Descriptions of the chunks (plain values); empty when `combine` does everything."""
        return ()

    def run_chunk(self, work: Work[S], chunk: Any) -> pl.DataFrame:
        """The rows of one chunk."""
        raise LookupError(f"{self.name} has no chunks")

    def combine(self, work: Work[S], parts: Sequence[pl.DataFrame]) -> Result:
        """The answer, from the chunks' frames in chunk order."""
        raise TypeError(f"{type(self).__name__} must define combine")

    def evaluates(self, fields: Iterable[str]) -> bool:
        """Whether `evaluate` can answer points that differ in these fields."""
        return bool(self.varies) and set(fields) <= set(self.varies)

    def point_seconds(self, work: Work[S]) -> float:
        """Estimated time of a point that `evaluate` answers among others, on one core."""
        return SECONDS_PER_POINT

    def evaluate(self, work: Work[S], points: pl.DataFrame) -> pl.DataFrame:
        """Figures for many points: the columns of `points` (of the fields `varies`), then one column a figure."""
        raise LookupError(f"{self.name} answers one spec at a time")

    def seconds(self, work: Work[S]) -> float:
        """Estimated time on one core; pages run what takes under a second themselves."""
        return SECONDS_PER_CHUNK * len(self.chunks(work))

    def version(self) -> str:
        """Hash of the engine sources this study is made of."""
        return source_version(type(self).__module__)


def run_key(study: Study[Any], spec: Spec, inputs: Mapping[str, str], needs: Mapping[str, str]) -> str:
    """Key of a run: SHA-256 of study, engine version, spec, keys of the needs and input fingerprints."""
    parts = [study.name, study.version(), spec.canonical(), dict(needs), dict(inputs)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


@functools.cache
def source_version(module: str) -> str:
    """SHA-256 over the source of an engine module and of every engine module it imports, in name order."""
    digest = hashlib.sha256()
    for name in sorted(_closure(module)):
        digest.update(name.encode() + b"\0" + _source(name).read_bytes())
    return digest.hexdigest()


def _closure(module: str) -> set[str]:
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _engine_imports(name)
    return seen


def _engine_imports(module: str) -> list[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(_source(module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return [name for name in found if name.startswith("engine.") and _source(name).exists()]


def _source(module: str) -> Path:
    base = ROOT.joinpath(*module.split("."))
    package = base / "__init__.py"
    return package if package.exists() else base.with_suffix(".py")
