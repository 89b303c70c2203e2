"""The pages of a publication in the order of the navigation, and those of the whole site."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    file: str
    name: str  # in the navigation
    about: str  # in the list of pages

    @property
    def template(self) -> str:
        return f"{self.file}.j2" if self.file != "index.html" else "indikatorer.html.j2"


@dataclass(frozen=True)
class Section:
    """Pages about all builds: a list, and a page for each thing in it."""

    folder: str
    name: str


CHECKS = Section("kontrol", "Kontroller")
SOURCES = Section("kilde", "Kilder")
SECTIONS = (CHECKS, SOURCES)

VALIDATION = Page("validering.html", "Validering", "Hvad der er kontrolleret, og på hvilke leveringer tallene hviler.")
FIGURES = (
    Page("index.html", "Indikatorer", "Alle kilder efter år, interne ved siden af eksterne."),
    Page("udvikling.html", "Udvikling", "Hvad der er signal, og hvad der er almindelig variation, for forvaltningen."),
    Page("udvikling-centre.html", "Udvikling pr. center", "De samme kontroldiagrammer center for center."),
    Page("centre.html", "Centre", "Tallene efter center: som det var på tidspunktet, og som det er i dag."),
    Page("fordelinger.html", "Fordelinger", "Tallene efter lov, tema, risikoområde, leverandør og andet."),
    Page("risiko.html", "Risiko og tilsyn", "Risikobillede, tilsynsplan og eksterne fund ved siden af eget tilsyn."),
    Page("opfoelgning.html", "Opfølgning", "Anbefalinger, bemærkninger og beslutninger; de overskredne først."),
    Page(
        "afstemning.html", "Afstemning", "Stemmer tallene med det, andre har offentliggjort, og tælles sager dobbelt?"
    ),
    Page("aendringer.html", "Ændringer", "Hvilke tal der er ændret siden sidste publikation, og hvorfor."),
    Page("definitioner.html", "Definitioner", "Hvad hver indikator tæller, og hvor nye data er fra hver kilde."),
)
PAGES = (*FIGURES, VALIDATION)
#: The pages that compare many authorities, one for an indicator and breakdown.
COMPARED = "myndigheder-*.html"
