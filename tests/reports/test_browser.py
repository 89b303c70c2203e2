"""The pages in a real browser, without a network."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from examples import entries, indicators, validation
from playwright.sync_api import Browser, sync_playwright

from kvalitet.reports import pages, render

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
#: axe-core is not a dependency: where its file is named here, its rules are run as well.
AXE = os.environ.get("AXE_CORE")
PAGES = ("index.html", "build-4/validering.html", *(f"publikation-2/{page.file}" for page in pages.PAGES))

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    texts = {
        "index.html": render.index_page(entries()),
        "build-4/validering.html": render.validation_page(validation(held_back=True)),
        "publikation-2/validering.html": render.validation_page(validation()),
        **{f"publikation-2/{name}": text for name, text in render.figure_pages(indicators()).items()},
    }
    assert texts.keys() == set(PAGES)
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_shows_without_network_errors_or_overflow(site: Path, browser: Browser, name: str, width: int, scheme):
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme, offline=True)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.goto((site / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert [url for url in requested if not url.startswith(("file:", "data:"))] == []
    assert complaints == []
    if AXE:
        page.evaluate(Path(AXE).read_text(encoding="utf-8"))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
        assert [(rule["id"], [node["target"] for node in rule["nodes"]]) for rule in found] == []
    context.close()


def test_the_keyboard_reaches_the_content_and_what_scrolls(site: Path, browser: Browser):
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


def test_every_link_between_the_pages_leads_somewhere(site: Path, browser: Browser):
    page = browser.new_page()
    for name in PAGES:
        page.goto((site / name).as_uri())
        links = page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        targets = {link.split("#")[0] for link in links if link.startswith("file:") and "publikation-1/" not in link}
        assert all(Path(target.removeprefix("file://")).is_file() for target in targets), name
    page.close()
