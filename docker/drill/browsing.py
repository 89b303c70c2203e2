"""The pages and Airflow's front page, opened as a person with a browser opens them."""

import os
import shutil
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
from installation import Failed

HEADERS = ("content-security-policy", "x-content-type-options", "referrer-policy", "cache-control")


class _Links(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attrs if name in ("href", "src") and value}


def follow_links(url: str, depth: int = 2) -> tuple[int, int]:
    """Follow every link of the front page and of the pages behind it. Returns the numbers of pages and of other files.

    Raises Failed where one does not answer 200 or lacks a security header, and where a page names another host's file.
    """
    seen: dict[str, str] = {}
    waiting, faults = {urljoin(url, "/")}, []
    with httpx.Client(trust_env=False, timeout=60) as client:
        for level in range(depth + 1):
            found: set[str] = set()
            for address in sorted(waiting):
                answer = client.get(address)
                kind = answer.headers.get("content-type", "").partition(";")[0]
                seen[address] = kind
                if answer.status_code != 200:
                    faults.append(f"{address}: {answer.status_code}")
                faults += [f"{address} has no {name}" for name in HEADERS if name not in answer.headers]
                if kind == "text/html" and level < depth:
                    found |= {urldefrag(urljoin(address, link)).url for link in _Links(answer.text).found}
            here = urlsplit(url).netloc
            waiting = {link for link in found if urlsplit(link).netloc == here} - seen.keys()
        _ask_what_is_refused(client, url, faults)
    if faults:
        raise Failed(f"{len(faults)} faults of {len(seen)} addresses: " + "; ".join(faults[:10]))
    pages = sum(kind == "text/html" for kind in seen.values())
    return pages, len(seen) - pages


def _ask_what_is_refused(client: httpx.Client, url: str, faults: list[str]) -> None:
    expected = {
        ("GET", "/nothing-here.html"): {404},
        ("POST", "/"): {403, 405},
        ("GET", "/../../etc/passwd"): {400, 404},
    }
    for (method, path), codes in expected.items():
        answer = client.request(method, url + path)
        if answer.status_code not in codes:
            faults.append(f"{method} {path}: {answer.status_code}")
        if "nginx/" in answer.headers.get("server", ""):
            faults.append(f"{method} {path} says which nginx it is")


def sign_in_by_browser(url: str, user: str, password: str) -> str:
    """Type user and password into Airflow's sign-in page. Returns the address that the browser then shows.

    Returns the reason where there is no browser. Raises Failed where the page does not let the user in.
    """
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        return "skipped: playwright is not installed (scripts/bootstrap --dev)"
    if program is None:
        return "skipped: no Chromium on this machine"
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--no-proxy-server"] if os.geteuid() == 0 else ["--no-proxy-server"]
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            page = browser.new_page()
            page.goto(url, wait_until="load", timeout=90_000)
            page.locator("input[name=username]").fill(user, timeout=90_000)
            page.locator("input[name=password]").fill(password)
            page.locator("button[type=submit]").click()
            page.wait_for_url(lambda address: "/login" not in address, timeout=90_000)
            page.goto(f"{url}/dags", wait_until="load", timeout=90_000)
            page.get_by_text("indicators", exact=True).first.wait_for(timeout=90_000)
            return page.url
        except Error as error:
            raise Failed(f"The browser did not get in: {error.message.splitlines()[0]}") from None
        finally:
            browser.close()
