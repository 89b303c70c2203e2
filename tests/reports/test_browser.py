"""The pages in a real browser, without a network."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import axe_playwright_python
import pytest
from crowd_examples import site as pages_of_a_site
from examples import old, validation
from playwright.sync_api import Browser, Page, sync_playwright

from kvalitet.reports import auditing
from kvalitet.reports.environment import STYLE, STYLE_SHEET

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
PAGES = tuple(pages_of_a_site())
#: Pages of the same kind are measured once.
KINDS = tuple(name for name in PAGES if not re.search("key_is_unique|years_kept|carried_over|audit_remarks", name))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    texts = pages_of_a_site()
    (folder / STYLE_SHEET).write_text(STYLE, encoding="utf-8")
    texts |= {f"{data.folder}/{name}": "" for data in (validation(), validation(True)) for name in auditing.LISTS}
    texts |= {f"{old().folder}/{name}": "" for name in auditing.PACKED}
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.mark.parametrize("name", KINDS)
def test_page_works_offline_and_passes_axe(site: Path, browser: Browser, name: str):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto((site / name).as_uri())
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = !d.open)")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert [url for url in requested if not url.startswith(("file:", "data:"))] == []
    assert complaints == []
    assert violations(page) == []
    context.close()


@pytest.mark.parametrize("name", ["index.html", "build-4/validering.html", "publikation-2/udvikling.html"])
def test_dark_page_passes_axe(site: Path, browser: Browser, name: str):
    page = browser.new_page(color_scheme="dark")
    page.goto((site / name).as_uri())
    assert violations(page) == []
    page.close()


def violations(page: Page) -> list[tuple[str, list[str]]]:
    """The rules of WCAG 2.1 AA and axe's own best practices that the page breaks, and where it breaks them."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found]


def test_keyboard_reaches_content_and_scrolling(site: Path, browser: Browser):
    page = browser.new_page(viewport={"width": 360, "height": 800})
    page.goto((site / "publikation-2/index.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "indhold"
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.className"))
    assert "scroll" in reached
    page.close()


def test_every_link_leads_somewhere(site: Path, browser: Browser):
    page = browser.new_page()
    for name in PAGES:
        page.goto((site / name).as_uri())
        links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        targets = {link.split("#")[0] for link in links if link.startswith("file:")}
        assert [target for target in targets if not Path(target.removeprefix("file://")).is_file()] == [], name
    page.close()


def test_reason_for_held_night_takes_two_clicks(site: Path, browser: Browser):
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.get_by_role("link", name="Se hvorfor").click()
    first = page.locator("main h2 + section").first
    assert first.get_by_role("heading").inner_text() == "Hvert klagepunkt hører til en klage."
    assert "312 af 12.044 (2,6 %)" in first.inner_text() and "Sammenhold nøglerne" in first.inner_text()
    first.get_by_role("link", name="fct_complaint_points_have_complaint").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Hvert klagepunkt hører til en klage."
    assert page.get_by_role("img", name="Afvigelser over tid").is_visible()
    page.close()


def test_language_switch_keeps_the_page(site: Path, browser: Browser):
    page = browser.new_page()
    page.goto((site / "build-4/validering.html").as_uri())
    page.get_by_role("link", name="English").click()
    assert page.url.endswith("/en/build-4/validering.html")
    assert "Held back by 2 critical checks" in page.inner_text("main")
    page.get_by_role("link", name="fct_complaint_points_have_complaint").first.click()
    assert page.url.endswith("/en/kontrol/fct_complaint_points_have_complaint.html")
    assert page.get_by_role("heading", level=2, name="How it is measured").is_visible()
    page.get_by_role("link", name="Dansk").click()
    assert page.url.endswith("/site0/kontrol/fct_complaint_points_have_complaint.html")
    page.close()


def test_lists_filter_by_keyboard_without_script(site: Path, browser: Browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((site / "index.html").as_uri())
    assert page.locator(".entry:visible").count() == 3
    page.get_by_role("radio", name="Alle").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator(".entry:visible h3").all_inner_texts() == ["Publikation 2", "Publikation 1"]
    page.keyboard.press("ArrowRight")
    assert page.locator(".entry:visible h3").all_inner_texts() == ["Opbygning 4"]
    page.goto((site / "kontrol/index.html").as_uri())
    page.get_by_role("radio", name="Ikke opfyldte").check()
    assert page.locator(".entry-row:visible").count() == 3  # 5 checks: 2 failed, 1 in error
    context.close()


def test_print_shows_folded_text_no_controls(site: Path, browser: Browser):
    page = browser.new_page()
    page.emulate_media(media="print")
    page.goto((site / "kontrol/index.html").as_uri())
    assert not page.get_by_role("navigation").is_visible() and not page.get_by_role("link", name="English").is_visible()
    assert page.get_by_text("Den dag, leveringen selv siger").is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.close()
