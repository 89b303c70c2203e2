"""Citizens' satisfaction: published rounds of Copenhagen and KL, and rounds of the fictional municipality."""

from pathlib import Path

from kvalitet_example import published
from kvalitet_example import vocabulary as words
from kvalitet_example.defects import Defect
from kvalitet_example.files import write_danish_csv
from kvalitet_example.plan import Plan

ID = "citizen_surveys"
ROUNDS = (
    "Runde", "Myndighed", "Metode", "År", "Spurgte", "Besvarelser", "Svarprocent", "Adresse",
)  # fmt: skip
RESULTS = ("Runde", "Spørgsmål", "Gruppe", "Besvarelser", "Tilfredse", "Tilfredse pct")
#: year -> (method, citizens asked, share that answered, groups with their share of the answers). None in 2023.
FICTIONAL = {
    2019: ("vive_1", 560, 0.71, (("udsatte", 0.38), ("job_og_uddannelsesparate", 0.62))),
    2020: ("vive_1", 540, 0.66, (("udsatte", 0.40), ("job_og_uddannelsesparate", 0.60))),
    2021: ("vive_1", 575, 0.69, (("udsatte", 0.41), ("job_og_uddannelsesparate", 0.59))),
    2022: ("vive_1", 550, 0.68, (("udsatte", 0.39), ("job_og_uddannelsesparate", 0.61))),
    2024: ("kl_1", 2150, 0.33, (("med_handicap", 0.17), ("uden_handicap", 0.83))),
}
#: Share satisfied by method and question. Methods differ in level, which has no further meaning.
SATISFIED = {
    "vive_1": {"forloeb": 0.72, "sagsbehandler": 0.84},
    "kl_1": {"forloeb": 0.55, "sagsbehandler": 0.68},
}
#: A trial of the new method, with a decimal point where a comma is agreed and a word where a number is.
TRIAL = "eksempelby_2024_proeve"
PLANNED = (
    Defect(ID, "rounds", "response_rate_pct", "number_format", 1),
    Defect(ID, "results", "satisfied_pct", "number_format", 1),
)


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the yearly files, on the first night only."""
    if night > 1:
        return []
    cutoff, folder = plan.cutoff(night), out / ID
    rounds, results = _rows(plan)
    return [
        write_danish_csv(folder / f"runder_{cutoff}.csv", ROUNDS, rounds, "utf-8-sig"),
        write_danish_csv(folder / f"svar_{cutoff}.csv", RESULTS, results, "utf-8-sig"),
    ]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows per table in that night's delivery, including those planned to be set aside. Empty without a delivery."""
    if night > 1:
        return {}
    rounds, results = _rows(plan)
    return {"rounds": len(rounds), "results": len(results)}


def planned(plan: Plan, night: int) -> list[Defect]:
    """The defects that the contract must catch in that night's delivery."""
    return list(PLANNED) if night == 1 else []


def _rows(plan: Plan) -> tuple[list[list[str]], list[list[str]]]:
    """The rows of the two files, published ones first."""
    random = plan.random(10)
    rounds = [[row[name] for name in ROUNDS] for row in published.rows("borgertilfredshed_runder")]
    results = [[row[name] for name in RESULTS] for row in published.rows("borgertilfredshed_svar")]
    for year, (method, asked, rate, groups) in FICTIONAL.items():
        name = f"eksempelby_{year}"
        answers = [int(random.binomial(round(asked * share), rate)) for _, share in groups]
        address = f"https://tilfredshed.eksempelby.invalid/{year}"
        rounds.append([name, words.AUTHORITY, method, str(year), str(asked), str(sum(answers)), "", address])
        for (group, _), count in zip(groups, answers, strict=True):
            for question, level in SATISFIED[method].items():
                satisfied = int(random.binomial(count, level))
                results.append([name, question, group, str(count), str(satisfied), ""])
    address = "https://tilfredshed.eksempelby.invalid/2024-proeve"
    rounds.append([TRIAL, words.AUTHORITY, "kl_1", "2024", "", "", "31.4", address])
    results.append([TRIAL, "forloeb", "alle", "", "", "ca. halvdelen"])
    return rounds, results
