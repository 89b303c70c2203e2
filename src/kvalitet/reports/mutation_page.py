"""The page that shows how the gate judged figures spoilt on purpose, from the kept result of `make mutate`."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kvalitet.mutation.registry import SIZES, WHOLE, Mutation, load_mutations
from kvalitet.mutation.result import counts, kept_out_percent, read_result, smallest_caught
from kvalitet.reports.environment import page
from kvalitet.reports.languages import LANGUAGES, Language
from kvalitet.settings import Settings
from kvalitet.settings.administration import BRAND

TONES = {"blocked": "good", "refused": "good", "warned": "warn", "missed": "bad"}
FILE = "mutationer.html"


@dataclass(frozen=True)
class Row:
    """One mutation: its name, what it imitates, the result at each size, and what caught it at the smallest size."""

    id: str
    name: str
    imitates: str
    kind: str
    trials: dict[str, dict[str, Any]]
    caught_by: list[str]
    gap: str
    smallest: dict[str, Any] | None

    @property
    def is_open(self) -> bool:
        """Whether some size of it was not blocked."""
        return any(trial["outcome"] != "blocked" for trial in self.trials.values())

    @property
    def is_kept_out(self) -> bool:
        """Whether intake refused everything that was not blocked, so that nothing of it came to the gate."""
        return {trial["outcome"] for trial in self.trials.values()} <= {"blocked", "refused"}


def mutation_pages(settings: Settings) -> dict[str, str]:
    """Path below the site -> text, in each language. Empty where no run was kept."""
    result = read_result(settings.administration.mutation_result)
    if "mutations" not in result:
        return {}
    mutations = load_mutations(settings.administration.mutations)
    brand = settings.administration.title
    return {f"{language.folder}{FILE}": mutation_page(result, mutations, language, brand) for language in LANGUAGES}


def mutation_page(result: dict[str, Any], mutations: list[Mutation], language: Language, brand: str = BRAND) -> str:
    """The page as text: matrix, gaps, checks by what they caught, and the clean nights."""
    found = result["mutations"]
    trials = found["trials"]
    rows = _rows(trials, mutations, language)
    return page(
        "mutationer.html.j2",
        FILE,
        language,
        translated=True,
        brand=brand,
        result=found,
        measured_at=datetime.fromisoformat(found["measured_at"]),
        rows=rows,
        counts=counts(trials),
        percent=kept_out_percent(trials),
        trials=len(trials),
        open_rows=[row for row in rows if row.is_open],
        checks=_by_check(trials, {row.id: row.name for row in rows}),
        nights=result.get("nights"),
        TONES=TONES,
        SIZES=(*SIZES, WHOLE),
    )


def _rows(trials: list[dict[str, Any]], mutations: list[Mutation], language: Language) -> list[Row]:
    by_mutation: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for trial in trials:
        by_mutation[trial["mutation"]][trial["size"]] = trial
    rows = []
    for mutation in mutations:
        tried = by_mutation.get(mutation.id)
        if tried is None:  # the mutation was written after the kept run
            continue
        smallest = smallest_caught(list(tried.values()))
        rows.append(
            Row(
                id=mutation.id,
                name=getattr(mutation, f"name_{language.code}"),
                imitates=getattr(mutation, f"imitates_{language.code}"),
                kind=mutation.kind,
                trials=tried,
                caught_by=(smallest["critical"] or smallest["warnings"]) if smallest else [],
                gap=getattr(mutation.gap, f"reason_{language.code}") if mutation.gap else "",
                smallest=smallest,
            )
        )
    return rows


def _by_check(trials: list[dict[str, Any]], names: dict[str, str]) -> list[tuple[str, list[str]]]:
    """Each check that caught something, with the mutations that it caught at any size. The busiest comes first."""
    caught: dict[str, dict[str, None]] = defaultdict(dict)  # in the order written, each once
    for trial in trials:
        for check in (*trial["critical"], *trial["warnings"]):
            caught[check][names.get(trial["mutation"], str(trial["mutation"]))] = None
    return sorted(((check, list(found)) for check, found in caught.items()), key=lambda one: (-len(one[1]), one[0]))
