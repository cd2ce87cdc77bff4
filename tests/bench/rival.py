"""django-helpdesk with as many tickets, in a virtual environment and a project of its own, asked the same questions."""

import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from servers import free_port

PACKAGES = ("django-helpdesk==2.6.1", "gunicorn")
SETTINGS = """
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent
SECRET_KEY, DEBUG, ALLOWED_HOSTS, ROOT_URLCONF = "bench", False, ["*"], "urls"
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.sites",
 "django.contrib.humanize", "django.contrib.messages", "django.contrib.staticfiles", "django.contrib.admin",
 "rest_framework", "helpdesk"]
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
 "django.contrib.auth.middleware.AuthenticationMiddleware", "django.contrib.messages.middleware.MessageMiddleware"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {"context_processors": [
 "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
 "django.contrib.messages.context_processors.messages", "django.template.context_processors.debug"]}}]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": BASE_DIR / "db.sqlite3"}}
SITE_ID, STATIC_URL, USE_TZ = 1, "/static/", True
LOGIN_URL = "/login/"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
HELPDESK_TEAMS_MODE_ENABLED = False
"""
URLS = """
from django.urls import include, path
from django.contrib import admin
urlpatterns = [path("admin/", admin.site.urls), path("", include("helpdesk.urls", namespace="helpdesk"))]
"""
FILL = """
import random, sys
import django; django.setup()
from django.contrib.auth.models import User
from helpdesk.models import FollowUp, Queue, Ticket
from django.utils import timezone
size, words, chance = int(sys.argv[1]), sys.argv[2].split(), random.Random(7)
User.objects.create_superuser("mia", "mia@westpark.example", "correct horse")
queue = Queue.objects.create(title="Office", slug="office", email_address="office@westpark.example")
tickets = [Ticket(title=" ".join(chance.choices(words, k=4)), queue=queue, submitter_email=f"m{n}@club.example",
 status=1 if n > size - 1000 else 3, description=" ".join(chance.choices(words, k=60)), created=timezone.now()) for n in range(size)]
Ticket.objects.bulk_create(tickets, batch_size=1000)
FollowUp.objects.bulk_create([FollowUp(ticket=t, title="Sent", comment="Hello", public=True) for t in tickets], batch_size=1000)
"""


def rival(size: int) -> list[tuple[str, float]]:
    """p50 and p95 in milliseconds of its list, a ticket and a search; nothing where it cannot be installed."""
    with TemporaryDirectory() as folder:
        root = Path(folder)
        python = root / "venv" / "bin" / "python"
        try:
            subprocess.run([sys.executable, "-m", "venv", str(root / "venv")], check=True, capture_output=True)
            subprocess.run([str(python), "-m", "pip", "install", "-q", *PACKAGES], check=True, capture_output=True)
        except subprocess.CalledProcessError as error:
            print(f"django-helpdesk could not be installed, so nothing stands beside: {error.stderr[-300:]!r}")
            return []
        return measured(root, python, size)


def measured(root: Path, python: Path, size: int) -> list[tuple[str, float]]:
    from tests.bench.web import WORDS

    for name, words in (("settings.py", SETTINGS), ("urls.py", URLS), ("fill.py", FILL)):
        (root / name).write_text(words)
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "PYTHONPATH": str(root)}
    for command in (["-m", "django", "migrate", "-v", "0"], ["fill.py", str(size), " ".join(WORDS)]):
        subprocess.run([str(python), *command], cwd=root, env=environment, check=True, capture_output=True)
    port = free_port()
    server = subprocess.Popen(
        [str(python), "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "--threads", "8", "django.core.wsgi:get_wsgi_application()"],
        cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        return asked(f"http://127.0.0.1:{port}", size)
    finally:
        server.terminate()
        server.wait()


def asked(address: str, size: int) -> list[tuple[str, float]]:
    """The list is a page and the rows that its script then fetches; both are counted."""
    with httpx.Client(base_url=address, timeout=60, follow_redirects=True) as client:
        wait_for(client)
        page = client.get("/login/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        form = {"username": "mia", "password": "correct horse", "csrfmiddlewaretoken": token[1] if token else ""}
        client.post("/login/", data=form, headers={"Referer": f"{address}/login/"})
        questions = {
            "queue": lambda number: listed(client, "/tickets/"),
            "ticket": lambda number: client.get(f"/tickets/{number * 37 % size + 1}/").raise_for_status(),
            "search": lambda number: listed(client, f"/tickets/?q={['court', 'racket', 'refund'][number % 3]}+lesson"),
        }
        found = []
        for what, call in questions.items():
            times = []
            for number in range(32):
                began = time.perf_counter()
                call(number)
                times.append((time.perf_counter() - began) * 1000)
            found += [(f"{what}, p50", statistics.median(times[2:])), (f"{what}, p95", sorted(times[2:])[28])]
    return found


def listed(client: httpx.Client, path: str) -> None:
    page = client.get(path).raise_for_status().text
    rows = re.search(r"/datatables_ticket_list/[\w=+/-]+", page)
    assert rows is not None, page[:500]
    client.get(
        rows[0], params={"draw": 1, "start": 0, "length": 50, "order[0][column]": 0, "order[0][dir]": "asc"}
    ).raise_for_status()


def wait_for(client: httpx.Client, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            client.get("/login/")
            return
        except httpx.TransportError:
            time.sleep(0.2)
    raise TimeoutError("django-helpdesk does not answer.")
