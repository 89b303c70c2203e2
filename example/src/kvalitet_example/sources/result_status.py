"""Budget and bookings per account and month, and the vision goals. Later bookings restate earlier months."""

from datetime import date
from pathlib import Path

from kvalitet_example import vocabulary as words
from kvalitet_example.defects import Defect
from kvalitet_example.files import danish_number, write_danish_csv
from kvalitet_example.plan import FIRST_YEAR, LAST_YEAR, Plan

ACCOUNTS_HEADER = (
    "Myndighed", "Konto", "Kontonavn", "Bevillingsområde", "Center", "År", "Måned", "Budget", "Forbrug",
)  # fmt: skip
GOALS_HEADER = (
    "Myndighed", "Målnr", "Mål", "År", "Kvartal", "Måltal", "Resultat", "Enhed", "Retning", "Status",
)  # fmt: skip
#: account -> (name, appropriation, a month's budget in million kroner). Amounts are made up.
TRANSFERS = {
    "5.57.71": ("Sygedagpenge", "overfoersler", 18.2),
    "5.57.73": ("Kontant- og uddannelseshjælp", "overfoersler", 32.6),
    "5.48.66": ("Førtidspension", "overfoersler", 41.3),
    "5.58.81": ("Fleksjob og ledighedsydelse", "overfoersler", 21.4),
    "5.68.90": ("Beskæftigelsesindsats", "beskaeftigelsesindsats", 9.5),
    "5.68.98": ("Beskæftigelsesordninger", "beskaeftigelsesindsats", 3.1),
}
ADMINISTRATION_MILLIONS = 24.0  # a month's budget for all centres together
#: How far each year's bookings lie from the budget.
YEAR_DEVIATION = {2019: 0.004, 2020: 0.031, 2021: 0.012, 2022: -0.009, 2023: 0.006, 2024: 0.018}
#: number -> (name, unit, direction, first target, change of target per year, usual result as a share of the target)
GOALS = {
    "V01": ("Ledige i job eller uddannelse inden for et halvt år", "pct", "højere er bedre", 54.0, 1.0, 1.01),
    "V02": ("Borgere visiteret til fleksjob, der er i job", "pct", "højere er bedre", 78.0, 0.5, 0.99),
    "V03": ("Ventetid til første samtale", "dage", "lavere er bedre", 12.0, -0.5, 1.02),
    "V04": ("Virksomheder med samarbejdsaftale", "antal", "højere er bedre", 320.0, 20.0, 1.03),
    "V05": ("Selvforsørgende efter integrationsforløb", "pct", "højere er bedre", 46.0, 1.5, 0.97),
    "V06": ("Tid til svar på henvendelser", "dage", "lavere er bedre", 6.0, -0.25, 0.95),
}
NOT_MEASURED = {("V05", 2020, 2), ("V05", 2020, 3)}
#: Reported by hand as reached, against its own figures.
SAID_TO_BE_REACHED = ("V02", 2023, 3)
POINT_FOR_COMMA, NOT_A_NUMBER, UNKNOWN_STATUS = ("5.68.90", 2021, 5), ("V02", 2020, 4), ("V04", 2023, 1)
#: Accounts and months of 2024 with bookings between the first night and the second.
BOOKED_LATER = {("5.57.71", 11), ("5.57.71", 12), ("5.68.90", 12), ("6.45.53-C09", 3), ("6.45.53-C01", 12)}


def deliver(out: Path, plan: Plan, night: int) -> list[Path]:
    """Write the ledger and the goals on the first night, and again on the night when the ledger has changed."""
    if night > 2:
        return []
    folder, cutoff = out / "result_status", plan.cutoff(night)
    accounts, goals = account_rows(plan, night), goal_rows(plan)
    return [
        write_danish_csv(folder / f"oekonomi_{cutoff}.csv", ACCOUNTS_HEADER, accounts, "windows-1252"),
        write_danish_csv(folder / f"visionsmaal_{cutoff}.csv", GOALS_HEADER, goals, "windows-1252"),
    ]


def delivered(plan: Plan, night: int) -> dict[str, int]:
    """Rows per table in that night's delivery."""
    if night > 2:
        return {}
    return {"budget_accounts": len(account_rows(plan, night)), "vision_goals": len(goal_rows(plan))}


def planned(plan: Plan, night: int) -> list[Defect]:
    """The defects. The decimal point is mended on the second night, and the rest stays."""
    if night > 2:
        return []
    defects = [
        Defect("result_status", "budget_accounts", "account_month", "out_of_range", 2),  # supplementary periods
        Defect("result_status", "budget_accounts", "*", "header_repeated", 1),  # two exports pasted together
        Defect("result_status", "vision_goals", "actual_value", "number_format", 1),
        Defect("result_status", "vision_goals", "status", "unknown_value", 1),
    ]
    if night == 1:
        defects.append(Defect("result_status", "budget_accounts", "actual_amount", "number_format", 1))
    return defects


def account_rows(plan: Plan, night: int) -> list[list[str]]:
    """The ledger as it stood on the night's cut-off, including its flaws."""
    random = plan.random(101)
    rows: list[list[str]] = []
    for year in range(FIRST_YEAR, LAST_YEAR + 1):
        if year == 2022:
            rows.append(list(ACCOUNTS_HEADER))
        for month in range(1, 13):
            for account, (name, area, centre, millions) in _accounts(year, month).items():
                budget = round(millions * 1_000_000 * 1.02 ** (year - FIRST_YEAR), -3)
                actual = round(budget * (1 + YEAR_DEVIATION[year] + 0.025 * random.standard_normal()), 2)
                later = round(budget * abs(0.02 * random.standard_normal()) + 1000, 2)
                if night > 1 and year == LAST_YEAR and (account, month) in BOOKED_LATER:
                    actual += later
                written = danish_number(actual)
                if night == 1 and (account, year, month) == POINT_FOR_COMMA:
                    written = written.replace(",", ".")
                rows.append(
                    [words.AUTHORITY, account, name, area, centre, str(year), str(month),
                     danish_number(budget), written]
                )  # fmt: skip
        if year in (2019, 2023):  # the ledger's own thirteenth period
            name, area, _ = TRANSFERS["5.57.73"]
            rows.append(
                [words.AUTHORITY, "5.57.73", name, area, "", str(year), "13", "0,00", "148250,75"]
            )  # fmt: skip
    return rows


def _accounts(year: int, month: int) -> dict[str, tuple[str, str, str, float]]:
    """The accounts of a month: transfers, and the administration of each centre that existed then."""
    accounts = {number: (name, area, "", millions) for number, (name, area, millions) in TRANSFERS.items()}
    shares = {centre: share for centre, (_, share) in words.CENTRES.items()}
    if date(year, month, 1) >= words.REORGANISED:
        for old, successors in words.SUCCESSION.items():
            share = shares.pop(old)
            for new, part in successors.items():
                shares[new] = shares.get(new, 0) + share * part
    for centre, share in shares.items():
        name = f"Administration, center {centre}"
        accounts[f"6.45.53-{centre}"] = (name, "administration", centre, ADMINISTRATION_MILLIONS * share)
    return accounts


def goal_rows(plan: Plan) -> list[list[str]]:
    """Every goal in every quarter, including flaws."""
    random = plan.random(102)
    rows = []
    for number, (name, unit, direction, first, change, usual) in GOALS.items():
        for year in range(FIRST_YEAR, LAST_YEAR + 1):
            for quarter in range(1, 5):
                target = first + change * (year - FIRST_YEAR)
                result = round(target * usual * (1 + 0.03 * random.standard_normal()), 0 if unit == "antal" else 1)
                is_reached = result >= target if direction == "højere er bedre" else result <= target
                written, status = danish_number(result), "nået" if is_reached else "ikke nået"
                if (number, year, quarter) == SAID_TO_BE_REACHED:
                    written, status = danish_number(target - 1), "nået"
                if (number, year, quarter) in NOT_MEASURED:
                    written, status = "", "ikke opgjort"
                if (number, year, quarter) == NOT_A_NUMBER:
                    written = "n/a"
                if (number, year, quarter) == UNKNOWN_STATUS:
                    status = "næsten"
                rows.append(
                    [words.AUTHORITY, number, name, str(year), str(quarter), danish_number(target), written, unit,
                     direction, status]
                )  # fmt: skip
    return rows
