"""make screens: pictures of every page at both widths and in both themes, of the demo as it really runs, into docs/screens/."""
# ruff: noqa: E402 (the path comes before the imports)

import io
import re
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from browsers import chrome
from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from servers import App

from db import chat_terms
from db.session import open_database

OUT = ROOT / "docs" / "screens"
ADMIN = {"ADMIN_EMAIL": "mia@westpark.example", "ADMIN_PASSWORD": "correct horse"}
PAGES = {
    "review": "/tickets/1", "question": "/tickets/7", "search": "/tickets?view=all&q=court", "several": "/bulk?ticket=3&ticket=5",
    "new": "/tickets/new", "actions": "/actions", "action": "/actions/reset_password?username=dropshot", "series": "/actions/series",
    "sent": "/sent", "customer": "/customers?email=oliver@finch.example", "insights": "/insights", "canned-replies": "/canned-replies",
    "rules": "/rules", "people": "/people", "api-keys": "/api-keys", "trail": "/trail", "mailboxes": "/mailboxes",
    "desk-settings": "/desk-settings", "notices": "/me/notices", "settings": "/me", "second-factor": "/me/second-factor",
    "first-steps": "/first-steps", "webhooks": "/webhooks", "lessons": "/lessons", "retrainings": "/retrainings",
    "trials": "/trials", "knowledge": "/knowledge?q=guest", "chats": "/chats", "playground": "/playground", "chat": "/chat", "knowledge-page": "/knowledge/4", "autopilot": "/autopilot",
}  # fmt: skip
ON_A_PHONE = {
    "queue": "/tickets/1#queue",
    "review": "/tickets/1#conversation",
    "proposal": "/tickets/1#ticket-1-proposal",
}
PATIENCE = 300  # seconds until all mails of the demo are drafted


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        app = App({"DEMO": "1", "UNDO_SECONDS": "90", **ADMIN}, Path(folder))
        app.start()
        try:
            prepare(app)
            for width, height in ((1440, 900), (390, 844)):
                for dark in (False, True):
                    with chrome(width, height, dark=dark) as browser:
                        take(browser, app, width, "dark" if dark else "light")
        finally:
            app.stop()


def prepare(app: App) -> None:
    """What a desk has after a morning: a canned reply, a rule, a note, tags, two tickets signed, one of them answered."""
    with chrome() as browser:
        sign_in(browser, app)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            browser.get(f"{app.address}/tickets")
            rows = browser.find_elements(By.CSS_SELECTOR, ".row")
            if len(rows) > 18 and "drafting" not in browser.find_element(By.ID, "queue-rows").text:
                break
            time.sleep(2)
        send(
            browser,
            app,
            "/canned-replies",
            {"title": "Opening hours", "body": "Dear {{ first_name }},\n\nwe open at seven."},
        )
        send(
            browser,
            app,
            "/rules",
            {"name": "Floodlights", "words": "lights, floodlight", "tag": "building", "priority": "1"},
        )
        send(browser, app, "/tickets/1/notes", {"text": "She rang at nine, a mail is fine. @mia"})
        send(browser, app, "/tickets/1/tags", {"tag": "login"})
        with open_database(f"sqlite:///{app.var / 'desk.db'}")() as session:  # as if enough questions had been signed
            opening = {"by": ADMIN["ADMIN_EMAIL"], "at": "2026-11-23T09:00", "version": "the version in use"}
            chat_terms.store(session, chat_terms.Terms(openings={"general_inquiry": opening}))
        for number in (9, 13):
            browser.get(f"{app.address}/tickets/{number}")
            time.sleep(1)
            browser.find_element(By.TAG_NAME, "body").send_keys("a")
            time.sleep(1)


def sign_in(browser: webdriver.Chrome, app: App) -> None:
    browser.get(f"{app.address}/session")
    browser.find_element(By.ID, "email").send_keys(ADMIN["ADMIN_EMAIL"])
    browser.find_element(By.ID, "password").send_keys(ADMIN["ADMIN_PASSWORD"], Keys.ENTER)
    time.sleep(1)


def send(browser: webdriver.Chrome, app: App, path: str, form: dict[str, str]) -> None:
    """A form as the page itself would send it."""
    browser.get(f"{app.address}/me")
    browser.execute_async_script(  # type: ignore[no-untyped-call]
        "fetch(arguments[0], {method: 'POST', body: new URLSearchParams(arguments[1])}).then(() => arguments[2]())",
        path,
        form,
    )


def take(browser: webdriver.Chrome, app: App, width: int, theme: str) -> None:
    browser.get(f"{app.address}/session")
    time.sleep(0.5)
    keep(browser, f"sign-in-{width}-{theme}")
    sign_in(browser, app)
    for name, path in {**PAGES, **(ON_A_PHONE if width < 500 else {})}.items():
        browser.get("about:blank")
        browser.get(app.address + path)
        time.sleep(0.9)
        hide_secrets(browser)
        keep(browser, f"{name}-{width}-{theme}")
    send(browser, app, "/me", {"language": "de"})
    browser.get(f"{app.address}/tickets/2")
    time.sleep(0.9)
    keep(browser, f"german-{width}-{theme}")
    send(browser, app, "/me", {})


def hide_secrets(browser: webdriver.Chrome) -> None:
    """A picture that is kept shows no secret, however short its life."""
    browser.execute_script(  # type: ignore[no-untyped-call]
        "for (const one of document.querySelectorAll('.once, .qr')) { one.textContent = '…'; one.removeAttribute('src'); }"
    )


def keep(browser: webdriver.Chrome, name: str) -> None:
    assert re.fullmatch(r"[\w-]+", name)
    picture = Image.open(io.BytesIO(browser.get_screenshot_as_png())).convert("RGB")
    picture.quantize(96, dither=Image.Dither.NONE).save(OUT / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
