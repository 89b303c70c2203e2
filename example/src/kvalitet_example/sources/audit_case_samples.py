"""The auditors' review of a sample of cases per law and year. Fictional, and unlike any published shares."""

from functools import lru_cache
from pathlib import Path

from kvalitet_example import vocabulary as words
from kvalitet_example.audit import NEW_REMARKS
from kvalitet_example.defects import Defect
from kvalitet_example.files import write_danish_csv
from kvalitet_example.plan import Plan

CONTRACT = "audit_case_samples"
AUDITOR = "Eksempelrevision P/S (fiktiv)"
#: law -> (cases reviewed per year, share with an error)
LAWS = {
    "aktivloven": (40, 0.18),
    "sygedagpengeloven": (40, 0.28),
    "beskaeftigelsesindsatsloven": (25, 0.15),
    "pensionsloven": (20, 0.08),
    "integrationsloven": (8, 0.10),
}
ERROR_KINDS = ("manglende_dokumentation", "overskredet_frist", "forkert_beregning", "manglende_hjemmel")
ERROR_SHARES = (0.55, 0.40, 0.25, 0.10)  # of the cases with errors, which may have several kinds
SAMPLES = (
    "Revisionsår", "Lov", "Revisor", "Gennemgåede sager", "Sager med fejl", "Heraf med refusionsvirkning",
)  # fmt: skip
ERRORS = ("Revisionsår", "Lov", "Fejlart", "Sager")
PLANNED = (
    Defect(CONTRACT, "samples", "cases_with_error", "integer_format", 1),
    Defect(CONTRACT, "errors", "error_kind", "unknown_value", 1),
)


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the yearly lists, on the first night only."""
    if night > 1:
        return []
    samples, errors = rows(plan)
    folder, cutoff = out / CONTRACT, plan.cutoff(night)
    return [
        write_danish_csv(folder / f"stikproever_{cutoff}.csv", SAMPLES, samples, "iso-8859-1"),
        write_danish_csv(folder / f"stikproevefejl_{cutoff}.csv", ERRORS, errors, "iso-8859-1"),
    ]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows per table in that night's delivery, including those planned to be set aside. Empty without a delivery."""
    return dict(zip(("samples", "errors"), map(len, rows(plan)), strict=True)) if night == 1 else {}


def planned(plan: Plan, night: int) -> list[Defect]:
    """The defects that the contract must catch in that night's delivery."""
    return list(PLANNED) if night == 1 else []


@lru_cache(maxsize=4)
def rows(plan: Plan) -> tuple[list[list[str]], list[list[str]]]:
    """Samples and their error kinds as delivered, including defects."""
    random = plan.random(21)
    samples, errors = [], []
    for year in NEW_REMARKS:
        for law, (size, share) in LAWS.items():
            reviewed = int(size + random.integers(-2, 3))
            faulty = int(random.binomial(reviewed, share))
            refund = int(random.binomial(faulty, 0.3))
            samples.append([str(year), law, AUDITOR, str(reviewed), str(faulty), str(refund)])
            for kind, part in zip(ERROR_KINDS, ERROR_SHARES, strict=True):
                errors.append([str(year), law, kind, str(int(random.binomial(faulty, part)))])
    assert set(LAWS) == set(words.LAWS)
    samples[7][4] = "ca. 4"
    errors[30][2] = "diverse"
    return samples, errors
