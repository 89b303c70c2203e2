"""Made-up input for the pages: a publication with every kind of mark, and a held-back build."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from comparison_examples import comparisons

from kvalitet.contracts import read_contract
from kvalitet.reports import auditing, render
from kvalitet.reports import model as m
from kvalitet.reports.languages import LANGUAGES
from kvalitet.reports.pages import PAGES

AT = datetime(2024, 11, 21, 2, 14, tzinfo=UTC)
EXAMPLEBY = "Eksempelby Kommune (fiktiv)"
OWN = "Beskæftigelses- og Integrationsforvaltningen i Eksempelby Kommune (fiktiv)"
ALL_COMPLAINTS = "Alle klager til forvaltningen, uanset hvem der modtog dem"
INQUIRIES = "Henvendelser til Borgerrådgiveren om sagsbehandling"
COUNTS = (
    "own_complaints", "own_referred", "own_referred_matched", "own_referred_unmatched",
    "referrals", "referrals_matched", "referrals_unmatched", "counted_once",
)  # fmt: skip
FORMULA = "=cmd|' /C calc'!A0"
NAMES = {"bif_complaints": "BIF-klager", "borgerraadgiver_annual": "Borgerrådgiverens årstal"}
SHA = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


def indicator(indicator_id: str, name: str, unit: str = "antal", decimals: int = 0, **more) -> m.Indicator:
    fields = {
        "version": 1, "definition_da": f"{name} i perioden.", "numerator_da": "Antal sager i perioden",
        "denominator_da": None if unit == "antal" else "Alle afgjorte sager", "direction": "lavere_er_bedre",
        "dated_by": "received", "open_cases_da": "Åbne sager tæller med.", "population_da": ALL_COMPLAINTS,
        "legal_basis": "Forvaltningsloven", "owner": "Kvalitetsenheden", "valid_from_year": 2019, "valid_to_year": None,
    }  # fmt: skip
    return m.Indicator(indicator_id=indicator_id, name_da=name, unit=unit, decimals=decimals, **(fields | more))


def value(indicator_id: str, source: str, label: str, number: float | None, **more) -> m.Value:
    year = int(label[:4])
    kind = "beretningsaar" if "/" in label else "kvartal" if "K" in label else "kalenderaar"
    start, end = date(year, 1, 1), date(year, 12, 31)
    if kind == "beretningsaar":
        start, end = date(year, 4, 1), date(year + 1, 3, 31)
    if kind == "kvartal":
        start, end = date(year, 3 * int(label[-1]) - 2, 1), date(year, 3 * int(label[-1]), 28)
    fields = {
        "indicator_version": 1, "organisation_id": "alle", "authority": OWN, "breakdown_kind": "ingen",
        "breakdown_member": "alle", "population_da": ALL_COMPLAINTS, "numerator": None, "denominator": None,
        "n": None, "is_suppressed": False, "is_fictional": True, "status": "endelig",
    }  # fmt: skip
    return m.Value(
        indicator_id=indicator_id, source_id=source, period_kind=kind, period_label=label, period_start=start,
        period_end=end, value=None if number is None else Decimal(str(number)), **(fields | more),
    )  # fmt: skip


def yearly(indicator_id: str, source: str, numbers: Mapping[str, float | None], **more) -> list[m.Value]:
    return [value(indicator_id, source, label, number, **more) for label, number in numbers.items()]


def values() -> tuple[m.Value, ...]:
    bif, ombudsman, board, audit = (
        "klagesager",
        "borgerraadgiveren",
        "ankestyrelsen",
        "revision",
    )
    counts = {"2019": 1186, "2020": 1043, "2021": 1121, "2022": 1154, "2023": 1149}
    inquiries = {"2019/20": 395, "2020/21": 371, "2021/22": 402, "2022/23": 571, "2023/24": 548}
    external = {"authority": EXAMPLEBY, "population_da": INQUIRIES}
    real = {"authority": "Københavns Kommune", "population_da": INQUIRIES, "is_fictional": False}
    appeals = {
        "authority": "Hele landet",
        "population_da": "Afgjorte klagesager i Ankestyrelsen",
        "is_fictional": False,
    }
    rows = yearly("klager_modtaget", bif, counts)
    rows += yearly("klager_modtaget", bif, {"2024": 987}, status="foreloebig")
    rows += yearly(
        "klager_besvaret_inden_frist_pct", bif, {"2019": 81.4, "2020": 79.96, "2021": 77.2, "2022": 71.05, "2023": 74.3}
    )
    rows += yearly("klager_besvaret_inden_frist_pct", bif, {"2024": 76.1}, status="foreloebig")
    rows += yearly("klager_gengangere_pct", bif, {"2019": 11.2, "2020": 12.9, "2021": 12.1, "2022": 17.8, "2023": 14.0})
    for member, number in {
        "Sagsbehandlingstid": 402,
        "Ældresager": 12,
        "Åbenhed": None,
        "Økonomi": 31,
        "Afgørelse": 88,
    }.items():
        rows.append(
            value("klager_modtaget", bif, "2023", number, breakdown_kind="tema", breakdown_member=member,
                  is_suppressed=number is None, status="skjult" if number is None else "endelig")
        )  # fmt: skip
    for unit, number in {"C01": 201, "C10": 77, "C02": 190, "C11": None}.items():
        rows.append(
            value(
                "klager_modtaget",
                bif,
                "2023",
                number,
                organisation_id=unit,
                status="endelig" if number else "uden_grundlag",
            )
        )
    formality = {"breakdown_kind": "klagetype", "breakdown_member": "formalitet"}
    rows += [
        value("klager_modtaget", bif, f"{year}-K{q}", 250 + 13 * q, **formality)
        for year in (2022, 2023)
        for q in (1, 2, 3, 4)
    ]
    rows += yearly("borgerraadgiver_henvendelser", ombudsman, inquiries, status="foraeldet", **external)
    rows += yearly("borgerraadgiver_henvendelser", ombudsman, {"2021/22": 840, "2022/23": 1077, "2023/24": 912}, **real)
    rows += yearly(
        "borgerraadgiver_medhold_pct",
        ombudsman,
        {"2021/22": 58, "2022/23": 65, "2023/24": None},
        **(real | {"status": "uden_grundlag"}),
    )
    for law, numbers in {"Aktivloven": (29, 26), "Serviceloven": (36, 32), "Sygedagpengeloven": (18, 18)}.items():
        rows += yearly("omgoerelsesprocent", board, dict(zip(("2020", "2021"), numbers, strict=True)),
                       breakdown_kind="lov", breakdown_member=law, **appeals)  # fmt: skip
    rows += yearly("omgoerelsesprocent", board, {"2019": 33, "2020": 29, "2021": 26}, **appeals)
    survey = real | {"population_da": "Borgere, der har svaret på undersøgelsen"}
    rows += yearly("borgertilfredshed_tilfreds_pct", "borgertilfredshed", {"2022": 79}, n=331, **survey)
    rows += yearly("borgertilfredshed_tilfreds_pct", "borgertilfredshed", {"2024": 74.5}, n=870, **survey)
    rows += yearly("borgertilfredshed_svarprocent", "borgertilfredshed", {"2024": 38.8}, n=870, **survey)
    for kind, members in {"center": ("C01", "C02"), "center_nu": ("C09",)}.items():
        for unit in members:
            rows.append(value("klager_modtaget", bif, "2022", 91, organisation_id=unit, breakdown_kind=kind,
                              breakdown_member=unit))  # fmt: skip
    rows.append(
        value("klager_modtaget", bif, "2022", 12, breakdown_kind="risikoomraade", breakdown_member="sanktioner")
    )
    remarks = real | {"population_da": "Intern Revisions bemærkninger i årets revisionsberetning"}
    rows += yearly("revisionsbemaerkninger", audit, {"2015": 19, "2016": 17, "2025": 11}, **remarks)
    return tuple(rows)


def statement(category: str, measure: str, unit: str, number: str, title: str, **more) -> m.Statement:
    fields = {
        "authority": "Hele landet", "is_fictional": False, "category_id": category, "period_kind": "kalenderaar",
        "period_label": "2021", "publisher": "Lundsteen & Wiederquist", "published_date": date(2022, 10, 31),
        "source_url": "https://example.org/tal?a=1&b=2", "is_chosen": False, "is_disputed": True, "flags": None,
        "is_inconsistent": False,
    }  # fmt: skip
    return m.Statement(
        category=category, measure=measure, unit=unit, title=title, value=Decimal(number), **(fields | more)
    )


def statements() -> tuple[m.Statement, ...]:
    cases, reversal = ("Kommunale sager i alt", "i_alt", "antal"), ("Aktivloven", "omgoerelse", "pct")
    return (
        statement(*cases, "20097", "Omgørelsesstatistik 2021"),
        statement(*cases, "21018", "Årsartikel 2021", publisher="Ankestyrelsen", is_chosen=True),
        statement(*reversal, "26.7", FORMULA, source_url="javascript:alert(1)", is_chosen=True),
        statement(*reversal, "26", "Omgørelsesstatistik 2021"),
        statement("Beskæftigelseslovgivningen", "i_alt", "antal", "23", "Kvartalsstatistik", period_kind="kvartal",
                  period_label="2015-K2", is_disputed=False, is_inconsistent=True, flags="boern_ulig_foraelder"),
    )  # fmt: skip


def overlaps() -> tuple[m.Overlap, ...]:
    def year(label: str, *numbers: int | None) -> m.Overlap:
        kind, month = ("beretningsaar", 4) if "/" in label else ("kalenderaar", 1)
        counts = dict(zip(COUNTS, numbers, strict=True))
        start = date(int(label[:4]), month, 1)
        return m.Overlap(OWN, kind, label, start, start + timedelta(364), **counts, is_fictional=True)

    return (
        year("2022", 1154, 96, 88, 8, 101, 88, 13, 1167),
        year("2023", 1149, 91, 84, 7, 90, 84, None, None),
        year("2022/23", 1180, 110, 101, 9, 115, 101, 14, 1194),
        year("2021", 1121, 0, 0, 0, 0, 0, 0, 1121),
    )


def check(
    check_id: str, severity: str, status: str, violations: int | None, denominator: int | None, **more
) -> m.Check:
    fields = {
        "suite": "fct_complaint", "table_name": "fct_complaint", "threshold": "højst 0",
        "description": "Hvert klagepunkt hører til en klage.",
        "why": "En forældreløs række tælles med i punkter, men ikke i klager.", "owner": "Kvalitetsenheden",
        "advice_engineer": "Sammenhold nøglerne i de to tabeller for den nyeste levering.",
        "advice_reader": "Sammenlign ikke klager med klagepunkter, før det er rettet.", "detail": None,
    }  # fmt: skip
    return m.Check(check_id=check_id, severity=severity, status=status, violations=violations,
                   denominator=denominator, **(fields | more))  # fmt: skip


def checks(failing: bool) -> tuple[m.Check, ...]:
    return (
        check("fct_complaint_points_have_complaint", "critical", "failed" if failing else "passed",
              312 if failing else 0, 12044),
        check("fct_complaint_key_is_unique", "critical", "passed", 0, 9032, description="Hver klage findes én gang."),
        check("fct_indicator_value_years_kept", "critical", "error" if failing else "passed", None if failing else 0,
              None if failing else 71, description="Hvert år, der er vist før, er der stadig.",
              detail="Målingen kunne ikke gennemføres: UndefinedColumn." if failing else None),
        check("rpt_overlap_matched", "warning", "failed", 41, 402, threshold="højst 5 %",
              description="Sager, Borgerrådgiveren har henvist, kan genfindes hos forvaltningen."),
        check("fct_audit_remark_carried_over", "warning", "not_applicable", None, None,
              description="Videreførte bemærkninger fandtes året før.", detail="Der er ingen bemærkninger fra 2024."),
    )  # fmt: skip


def build(status: str = "published", build_id: int = 3) -> m.Build:
    message = "2 kritiske kontroller er ikke opfyldt." if status == "held_back" else None
    return m.Build(build_id, "night", date(2024, 11, 20), "0.1.0+9d602c2", status, message, AT, AT)


def validation(held_back: bool = False) -> m.Validation:
    def load(load_id: int, source: str, stale: str | None = None) -> m.Load:
        return m.Load(
            source, load_id, "2024-11-20", date(2024, 11, 20), SHA, "1.0.0", AT, AT, None, None, bool(stale), stale
        )

    tables = (
        m.LoadTable(7, "complaints", "klager_2024-11-20.csv", 1834992, SHA, 9050, 18, 41, 12, 3, 8976, 4),
        m.LoadTable(7, "complaint_points", "klagepunkter_2024-11-20.csv", 734992, SHA, 12044, 0, 55, 0, 4, 11985, 0),
        m.LoadTable(5, "annual_figures", "aarstal_2024-06-01.csv", 2911, SHA, 9, 0, 9, 0, 0, 0, 0),
    )
    return m.Validation(
        build=build("held_back" if held_back else "published", 4 if held_back else 3),
        publication=None if held_back else m.Publication(2, 3, AT, "kvalitet_publisher"),
        checks=checks(held_back),
        waivers=(waiver(),),
        certificates=() if held_back else (m.Certificate(2, "published", None, AT, SHA, SHA[::-1], SHA[:16]),),
        changes=changes(),
        loads=(load(7, "bif_complaints"), load(5, "borgerraadgiver_annual", "Ingen levering siden 01-06-2024.")),
        tables=tables,
        attempts=(m.Attempt("bif_complaints", "accepted", "1 levering, 9.032 rækker.", AT),
                  m.Attempt("borgerraadgiver_annual", "missing", "Ingen fil i indbakken.", AT)),
        rejects=(m.RejectCount("bif_complaints", "complaints", "received_at", "local_time_nonexistent", 6, 9),
                 m.RejectCount("bif_complaints", "complaints", "citizen_pseudonym", "cpr_invalid", 12, 12)),
        models=(m.ModelRun("staging", "stg_bif__complaints", "success", None, Decimal("0.21"), None),
                m.ModelRun("star", "fct_complaint", "success", 9032, Decimal("1.94"), None)),
        digests=(m.TableDigest("star", "fct_complaint", 9032, SHA),
                 m.TableDigest("star", "fct_indicator_value", 1320, SHA)),
        source_names=NAMES,
        sources_of={"fct_complaint": ("bif_complaints",)},
    )  # fmt: skip


def old() -> m.Validation:
    """A publication whose pages of figures are not kept."""
    return replace(
        validation(), build=build(build_id=1), publication=m.Publication(1, 1, AT, "kvalitet_publisher"), changes=None
    )


def waiver() -> m.Waiver:
    return m.Waiver("rpt_overlap_matched", "Borgerrådgiveren retter sit udtræk i december.", "Kontorchefen (fiktiv)",
                    date(2024, 11, 18), date(2024, 12, 31), True)  # fmt: skip


def changes() -> m.Changes:
    return m.Changes(
        since=m.Publication(1, 1, AT - timedelta(days=1), "kvalitet_publisher"),
        code_before="0.1.0+1111111",
        materials=("dbt_manifest", "suites"),
        deliveries=(m.DeliveryChange("bif_complaints", date(2024, 11, 19), date(2024, 11, 20)),),
        checks=(m.CheckChange("rpt_overlap_matched", "passed", "failed", True),
                m.CheckChange("fct_complaint_key_is_unique", None, "passed", False)),
        figures=m.FigureChanges(4, 12, 0, 8031),
    )  # fmt: skip


def check_records(nights: int = 40) -> list[m.CheckRecord]:
    """The held-back build's checks, with that many nights of history, and one check that is no longer asked."""
    found = []
    for c in checks(True):
        history = tuple(
            m.Measured(
                c.check_id,
                build_id=4 if night == 4 else 3,
                publication_id=None if night == 4 else 2,
                as_of_date=date(2024, 10, 1) + timedelta(night),
                measured_at=AT,
                status=c.status if night % 7 == 4 else "passed",
                violations=(night * 7) % 50 if c.violations else c.violations,
                denominator=c.denominator,
                threshold=c.threshold,
                is_waived=False,
            )
            for night in range(4 - nights + 1, 5)
        )  # fmt: skip
        years = (m.CheckYear(c.check_id, 2024, nights, nights - 6, 6, 0, 0, 49),)
        found.append(m.CheckRecord(c, "select 1 < 2 as violations", True, history, years, ("bif_complaints",)))
    retired = check("fct_complaint_old_rule", "warning", "passed", 0, 12)
    return [*found, m.CheckRecord(retired, None, False)]


def source_records() -> list[m.SourceRecord]:
    def arrival(load_id: int, outcome: str) -> m.Arrival:
        refused = "klager.csv: the header differs." if outcome == "refused" else None
        return m.Arrival("bif_complaints", load_id, "2024-11-20", date(2024, 11, 20), outcome, refused, "1.0.0", AT,
                         1834992, 9050, 18, 41, 12, 3)  # fmt: skip

    contracts = Path(__file__).parents[2] / "example" / "administration" / "contracts"
    return [
        m.SourceRecord(
            "bif_complaints",
            read_contract(contracts / "bif_complaints.odcs.yaml"),
            m.Standing("bif_complaints", 4, date(2024, 11, 21), date(2024, 11, 20), False, None),
            loads=112,
            arrivals=(
                replace(arrival(9, "accepted"), origin="restored", of_load=5),
                replace(arrival(8, "accepted"), origin="replayed", of_load=6),
                replace(arrival(7, "accepted"), withdrawn_by="A. Hansen", withdrawn_at=AT,
                        withdrawn_reason="Centerkoderne er fra sidste år."),
                arrival(6, "refused"),
            ),
            attempts=(
                m.AttemptCount("bif_complaints", date(2024, 11, 1), "accepted", 19, AT, "1 delivery taken in."),
                m.AttemptCount("bif_complaints", date(2024, 11, 1), "missing", 1, AT, "No delivery is in the inbox."),
            ),
            rejects=(m.RejectAge("bif_complaints", "complaints", "received_at", "required", 2, 5, 31, AT),
                     m.RejectAge("bif_complaints", "complaints", None, "duplicate_key", 0, 0, 4, None)),
            accepted=(m.AcceptedRejects("bif_complaints", "complaints", 5, "Sagerne er fra før 2019 og lukkede.",
                                        "Kontorchefen", date(2024, 11, 20)),),
            checks=checks(True)[:2],
            read_otherwise=(
                m.ReadOtherwise("bif_complaints", "2024-11-20", "complaints", "citizen_pseudonym", "often", 40),
                m.ReadOtherwise("bif_complaints", "2024-11-20", "complaints", "*", "line_end", 3),
            ),
            account=tuple(
                m.Accounted("bif_complaints", "2024-11-20", "complaints", fate, kind, count)
                for fate, kind, count in (("scanned", "record", 1_043), ("accepted", "record", 1_035),
                                          ("set_aside", "record", 6), ("dropped", "blank", 2),
                                          ("seen", "line_end_crlf", 1_045))
            ),
        ),
        m.SourceRecord("borgerraadgiver_annual", None,
                       m.Standing("borgerraadgiver_annual", 4, date(2024, 11, 21), date(2024, 6, 1), True,
                                  "173 days old; the contract allows 120"), loads=1),
        m.SourceRecord("audit_remarks", None, None),
    ]  # fmt: skip


def indicators() -> m.Indicators:
    return m.Indicators(
        publication=m.Publication(2, 3, AT, "kvalitet_publisher"),
        build=build(),
        indicators=(
            indicator("klager_modtaget", "Klager"),
            indicator(
                "klager_besvaret_inden_frist_pct",
                "Klager besvaret inden fristen",
                "pct",
                1,
                direction="hoejere_er_bedre",
            ),
            indicator("klager_gengangere_pct", "Gengangere", "pct", 1),
            indicator("borgerraadgiver_henvendelser", "Henvendelser", population_da=INQUIRIES, dated_by="published"),
            indicator("borgerraadgiver_medhold_pct", "Helt eller delvist medhold", "pct", 0),
            indicator("omgoerelsesprocent", "Omgørelsesprocent", "pct", 0, dated_by="decided"),
            indicator("revisionsbemaerkninger", "Revisionsbemærkninger"),
            indicator("borgertilfredshed_tilfreds_pct", "Tilfredse borgere", "pct", 0, rests_on="citizen_surveys"),
            indicator("borgertilfredshed_svarprocent", "Svarprocent", "pct", 1, rests_on="citizen_surveys"),
        ),
        sources=(
            m.Source("resultatstatus", 1, "Resultatstatus", False),
            m.Source("ledelsestilsyn", 2, "Risikobaseret ledelsestilsyn", False),
            m.Source("klagesager", 4, "Klagesager, formalitet og realitet", False),
            m.Source("borgerraadgiveren", 6, "Borgerrådgiveren", True),
            m.Source("revision", 7, "Revision", True),
            m.Source("ankestyrelsen", 9, "Ankestyrelsen", True),
            m.Source("borgertilfredshed", 12, "Borgertilfredshed", True),
        ),
        members={
            **{("enhed", f"C{n:02}"): f"Center {n} (fiktiv)" for n in range(1, 12)},
            ("risikoomraade", "sanktioner"): "Sanktioner",
            ("risikoomraade", "sygedagpenge"): "Sygedagpenge",
        },
        freshness=(
            m.Freshness("bif_complaints", "klagesager", "Klagesager", 7, date(2024, 11, 20), False, None),
            m.Freshness(
                "borgerraadgiver_annual",
                "borgerraadgiveren",
                "Borgerrådgiveren",
                5,
                date(2024, 6, 1),
                True,
                "Ingen levering siden 01-06-2024.",
            ),
            m.Freshness("audit_remarks", "revision", "Revision", None, None, True, "Aldrig modtaget."),
        ),
        values=values(),
        statements=statements(),
        overlaps=overlaps(),
        checks=checks(False),
        **comparisons(),
    )


def entries() -> list[m.Entry]:
    pages = frozenset(page.file for page in PAGES)
    held = m.Entry(build("held_back", 4), None, 4, 1, 2, 1, False, frozenset({"validering.html"}))
    second = m.Entry(build(), m.Publication(2, 3, AT, "kvalitet_publisher"), 4, 3, 0, 1, True, pages)
    old = frozenset({"validering.html"})
    first = m.Entry(build("published", 1), m.Publication(1, 1, AT, "kvalitet_publisher"), 5, 5, 0, 0, False, old)
    return [held, second, first]


def site() -> dict[str, str]:
    """Every page of a site, path -> text: two publications, the first one old, and then a held-back build."""
    pages = {f"publikation-2/{name}": text for name, text in render.figure_pages(indicators()).items()}
    for language in LANGUAGES:
        found = {
            **auditing.index_pages(entries(), language),
            **auditing.check_pages(check_records(), {waiver().check_id: waiver()}, NAMES, language),
            **auditing.source_pages(source_records(), language),
            "build-4/validering.html": auditing.validation_page(validation(held_back=True), language, render.ALL),
            "publikation-2/validering.html": auditing.validation_page(validation(), language, render.ALL),
            "publikation-1/validering.html": auditing.validation_page(old(), language, frozenset(), is_old=True),
        }
        pages |= {language.folder + name: text for name, text in found.items()}
    return pages
