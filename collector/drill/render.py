"""Formats a drill's report as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from schema.queries.drills import removed_share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from collector.drill.rehearsal import DrillReport


def lines(report: DrillReport) -> Iterator[str]:
    """Yield the report's lines: planted, removed and left texts in all, by entity and by place."""
    total = report.total()
    yield (
        f"{removed_share(total.removed, total.planted)} of {total.planted} planted texts were removed"
        f" ({report.runs} runs, seed {report.seed}); {total.left_in_part} were left in part, {total.left_whole} whole."
    )
    kept = report.total(identifiers=True)
    if kept.planted:
        yield f"{kept.left_whole} of {kept.planted} identifiers were kept, as they must be."
    for name, title in (("entity", "Entity"), ("place", "Place")):
        yield ""
        yield f"{title:24}{'planted':>9}{'removed':>9}{'in part':>9}{'whole':>9}{'recall':>10}"
        for group in report.by(name):
            counts = (group.planted, group.removed, group.left_in_part, group.left_whole)
            yield (
                f"{group.entity:24}"
                + "".join(f"{count:9}" for count in counts)
                + f"{removed_share(group.removed, group.planted):>10}"
            )
    yield ""
    in_the_clear = sum(report.files.values())
    yield (
        f"{report.files_searched} files of the data directory were searched: {in_the_clear} planted texts in the clear."
    )
    yield from (f"  {file}: {count}" for file, count in sorted(report.files.items()))
