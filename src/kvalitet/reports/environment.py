"""How a template becomes a page, in one language and at one place of the site."""

import hashlib
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kvalitet.reports import charts, control_chart, danish, words
from kvalitet.reports.languages import DANISH, LANGUAGES, Language
from kvalitet.reports.pages import PAGES, SECTIONS
from kvalitet.reports.views import verdict
from kvalitet.settings.administration import BRAND

TEMPLATES = Path(__file__).parent / "templates"
STYLE = (TEMPLATES / "style.css").read_text(encoding="utf-8")
#: One file for the whole site, named by its content, so that pages of an older version keep their style.
STYLE_SHEET = f"style-{hashlib.sha256(STYLE.encode()).hexdigest()[:10]}.css"
#: Nothing on a page runs, and it loads only the style sheet, from the same place as the page.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self' file:; img-src data:; base-uri 'none'; form-action 'none'"
)


def page(
    template: str,
    path: str,
    language: Language = DANISH,
    *,
    translated: bool = False,
    brand: str = BRAND,
    **context: object,
) -> str:
    """The text of the page at `path` below the language's folder. `translated` where each language has one.

    `brand` is the name at its head, which the administration decides.
    """
    root = "../" * path.count("/")
    site = root + "../" * language.folder.count("/")
    others = [other for other in LANGUAGES if other is not language] if translated else []
    text = (
        _environment(language)
        .get_template(template)
        .render(
            root=root,
            site=site,
            brand=brand,
            languages=[(other, f"{site}{other.folder}{path}") for other in others],
            **context,
        )
    )
    return text if text.endswith("\n") else text + "\n"


@cache
def _environment(language: Language) -> Environment:
    def day(value: date | None) -> str:
        if value is None:
            return danish.MISSING
        return Markup('<time datetime="{}">{}</time>').format(value, language.day(value))

    def instant(value: datetime | None) -> str:
        if value is None:
            return danish.MISSING
        stamp = value.astimezone(UTC).isoformat(timespec="seconds")
        return Markup('<time datetime="{}">{}</time>').format(stamp, language.instant(value))

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_callables(  # pyright: ignore[reportAttributeAccessIssue]
        language.labels.gettext, language.labels.ngettext, newstyle=True
    )
    environment.filters.update(
        number=language.number, plain=danish.plain, day=day, instant=instant, plural=words.plural
    )
    environment.globals.update(
        language=language,
        words=words,
        charts=charts,
        control_chart=control_chart,
        PAGES=PAGES,
        SECTIONS=SECTIONS,
        STATUSES=verdict.STATUSES,
        share=language.share,
        policy=CONTENT_SECURITY_POLICY,
        style_sheet=STYLE_SHEET,
    )
    return environment
