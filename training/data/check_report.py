"""What a check found, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

__all__ = ["Problem", "Report"]

NAMES_SHOWN = 10


@dataclass(frozen=True)
class Problem:
    """Something that is missing, damaged or odd.

    Attributes:
        what: a sentence without its end.
        serious: whether the loaders fail because of it.
        names: what it is about, all of them.
    """

    what: str
    serious: bool = False
    names: tuple[str, ...] = ()


@dataclass
class Report:
    """What is in a folder.

    Attributes:
        folder: its path.
        kind: what it is, None if it cannot be told.
        counts: part (such as "train") -> what is counted -> number.
        problems: in the order in which they were found.
        advice: what to do next.
    """

    folder: str
    kind: str | None = None
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    advice: list[str] = field(default_factory=list)

    @property
    def usable(self) -> bool:
        """Whether the loaders can read it."""
        return self.kind is not None and not any(problem.serious for problem in self.problems)

    def count(self, part: str, **numbers: int) -> None:
        """Add counts; underscores in their names become spaces."""
        self.counts.setdefault(part, {}).update({name.replace("_", " "): count for name, count in numbers.items()})

    def add(self, what: str, serious: bool = False, names: Iterable[str] = ()) -> None:
        """Add a problem."""
        self.problems.append(Problem(what, serious, tuple(names)))

    def add_names(self, part: str, what: str, names: Sequence[str], serious: bool = False) -> None:
        """Add a problem that some names have, if there are any: `train: 3 pairs without annotation`."""
        if names:
            self.add(f"{part}: {len(names)} {what}", serious, names)

    def as_dict(self) -> dict[str, object]:
        """All of it in JSON's types."""
        problems = [
            {"what": problem.what, "serious": problem.serious, "names": list(problem.names)}
            for problem in self.problems
        ]
        return {
            "folder": self.folder,
            "kind": self.kind,
            "usable": self.usable,
            "counts": self.counts,
            "problems": problems,
            "advice": self.advice,
        }

    def lines(self) -> list[str]:
        """All of it for people, with the first names of each problem."""
        lines = [f"{self.folder}: {self.kind or 'unknown'}"]
        for part, numbers in self.counts.items():
            lines.append(f"  {part}: " + ", ".join(f"{number:,} {name}" for name, number in numbers.items()))
        for problem in self.problems:
            lines.append(f"[{'!!' if problem.serious else '--'}] {problem.what}")
            lines += [f"       {name}" for name in problem.names[:NAMES_SHOWN]]
            left_out = len(problem.names) - NAMES_SHOWN
            lines += [f"       ... and {left_out:,} more"] if left_out > 0 else []
        return lines + self.advice + ["Usable." if self.usable else "Not usable."]
