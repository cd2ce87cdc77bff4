"""Headless Chromium, and the desk's pages served to it on a port of their own."""

import contextlib
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import uvicorn
from fakes import FakePreCheck
from fastapi import FastAPI
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException, WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from servers import free_port

from db import people
from db.models import Person, SignIn
from db.session import OpenSession

QUIET = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


REFUSED = re.compile(r"(status of|Code) (401|409|422)\b")


@contextlib.contextmanager
def chrome(width: int = 1440, height: int = 1024, *, dark: bool = False) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    for argument in [*QUIET, f"--window-size={width},{height}"]:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)  # type: ignore[no-untyped-call]
    scheme = {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", scheme)  # type: ignore[no-untyped-call]
    try:
        yield driver
    finally:
        driver.quit()


@dataclass
class Served:
    """The pages on a real port. Keys go to whatever has the focus, as they do for people."""

    address: str
    open_session: OpenSession
    pre_check: FakePreCheck

    def sign_in(self, browser: webdriver.Chrome, name: str = "mia") -> None:
        browser.get(f"{self.address}/session")
        browser.add_cookie({"name": "courtdesk", "value": name})
        browser.get(f"{self.address}/tickets")


def add_person(open_session: OpenSession, number: int, name: str, role: str = "agent") -> None:
    """Somebody whose browser is signed in by a cookie that is their first name."""
    first = name.split()[0].lower()
    with open_session() as session:
        session.add(Person(id=number, email=f"{first}@westpark.example", name=name, password_hash="x", role=role))
        session.flush()
        session.add(SignIn(token_hash=people.digest(first), person_id=number))


@contextlib.contextmanager
def served(app: FastAPI, open_session: OpenSession, pre_check: FakePreCheck) -> Iterator[Served]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="error", timeout_graceful_shutdown=1))
    threads = [threading.Thread(target=server.run), threading.Thread(target=app.state.watcher.run)]
    for thread in threads:
        thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield Served(f"http://127.0.0.1:{port}", open_session, pre_check)
    finally:
        app.state.watcher.stop()
        server.should_exit = True
        for thread in threads:
            thread.join()


def press(browser: webdriver.Chrome, *keys: str) -> None:
    """Type where the focus is, key by key."""
    for key in keys:
        browser.switch_to.active_element.send_keys(key)
        time.sleep(0.05)


def until(browser: webdriver.Chrome, fine: Callable[[], object], seconds: float = 60) -> None:
    """Wait for it; a page that is just changing, or being left for another, is not fine yet."""

    def seen(_: webdriver.Chrome) -> object:
        try:
            return fine()
        except (StaleElementReferenceException, NoSuchElementException):
            return False
        except WebDriverException as error:
            if "aborted by navigation" in (error.msg or ""):
                return False
            raise

    WebDriverWait(browser, seconds).until(seen)


def text_of(browser: webdriver.Chrome, selector: str) -> str:
    return browser.find_element(By.CSS_SELECTOR, selector).text


def complaints(browser: webdriver.Chrome) -> list[str]:
    """What the browser's console holds against the page; refused requests that a test provokes are not counted."""
    lines = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [line["message"] for line in lines if line["level"] == "SEVERE" and not REFUSED.search(line["message"])]
