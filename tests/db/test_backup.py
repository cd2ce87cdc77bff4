"""A backup is made while the desk runs, is of one moment, and brings back every row, key and adapter."""

import os
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest
from builders import database

from db import tickets
from db.backup import PATTERN, CannotRestore, backup, restore, thin_out
from db.copy import CannotCopy
from db.models import Event, Mail, Ticket
from db.session import OpenSession, open_database
from db.vault import Vault
from tests.db.test_copy import lived_in, rows_of

ROOT = Path(__file__).resolve().parents[2]


def var_of(folder: Path) -> Path:
    var = folder / "var"
    (var / "adapters" / "tennis" / "a1").mkdir(parents=True)
    (var / "adapters" / "tennis" / "a1" / "adapter_config.json").write_text("{}")
    Vault(var)
    return var


def test_every_row_key_and_adapter_comes_back(tmp_path: Path) -> None:
    source, var = lived_in(tmp_path), var_of(tmp_path)
    shut = Vault(var).shut("s3cret")

    file = backup(source, var, tmp_path / "backups")

    assert file.match(PATTERN)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in file.parent.iterdir()] == [file.name]
    target, new_var = open_database(f"sqlite:///{tmp_path / 'new.db'}"), tmp_path / "new"
    assert restore(file, target, new_var)["mails"] == 3
    before, after = rows_of(source), rows_of(target)
    assert after.pop("desk_settings") == [("x", {"words": "ab", "many": ["c"]})]
    before.pop("desk_settings")
    assert after == before
    assert Vault(new_var).open(shut) == "s3cret"
    assert (new_var / "adapters" / "tennis" / "a1" / "adapter_config.json").read_text() == "{}"


@pytest.mark.server
def test_it_is_of_one_moment_whatever_is_written_meanwhile(tmp_path: Path, on_postgres: OpenSession) -> None:
    for name, source in (("sqlite", database(tmp_path)), ("postgresql", on_postgres)):
        done = threading.Event()

        def write(source: OpenSession = source, done: threading.Event = done) -> None:
            while not done.is_set():
                with source() as session:
                    tickets.open_by_hand(session, by="mia", subject="x", body="y", from_email="a@b.example")

        writing = threading.Thread(target=write)
        writing.start()
        try:
            while True:  # some are there
                with source.reading() as session:
                    if session.query(Ticket).count() > 20:
                        break
            file = backup(source, var_of(tmp_path / name), tmp_path / name / "backups")
        finally:
            done.set()
            writing.join()
        target = open_database(f"sqlite:///{tmp_path / name}.db")
        restore(file, target, tmp_path / name / "new")
        with target.reading() as session:
            count = session.query(Ticket).count()
            assert 20 < count == session.query(Mail).count() == session.query(Event).count()


def test_what_stands_in_its_way_is_named_and_left_alone(tmp_path: Path) -> None:
    source, var = lived_in(tmp_path), var_of(tmp_path)
    file = backup(source, var, tmp_path / "backups")
    with pytest.raises(CannotCopy, match="not empty"):
        restore(file, source, var)

    other = tmp_path / "other"
    Vault(other)
    empty = open_database(f"sqlite:///{tmp_path / 'new.db'}")
    with pytest.raises(CannotRestore, match=r"vault\.secret differ"):
        restore(file, empty, other)

    (tmp_path / "no.tar.gz").write_bytes(file.read_bytes()[:-200])
    with pytest.raises(CannotRestore, match="cannot be read"):
        restore(tmp_path / "no.tar.gz", empty, tmp_path / "fresh")
    with tarfile.open(tmp_path / "other.tar.gz", "w:gz") as tar:
        tar.add(__file__, "words.txt")
    with pytest.raises(CannotRestore, match=r"desk\.db is not in it"):
        restore(tmp_path / "other.tar.gz", empty, tmp_path / "fresh")
    assert not (tmp_path / "fresh").exists()


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for day in ("20260101", "20260102", "20260103"):
        (tmp_path / f"courtdesk-{day}-031500.tar.gz").touch()
    (tmp_path / "holiday.tar.gz").touch()
    assert [one.name[10:18] for one in thin_out(tmp_path, 2)] == ["20260101"]
    assert len(list(tmp_path.iterdir())) == 3


def test_the_commands_say_what_they_did_and_what_not(tmp_path: Path) -> None:
    lived_in(tmp_path).engine.dispose()
    var = var_of(tmp_path)
    stated = {**os.environ, "DATABASE_URL": f"sqlite:///{tmp_path / 'test.db'}", "VAR_DIR": str(var)}

    def run(*command: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *command],
            capture_output=True,
            text=True,
            env={**stated, **more},
            cwd=ROOT,
            check=False,
        )

    made = run("db.backup", "--out", str(tmp_path / "b"), "--keep", "3")
    assert made.returncode == 0, made.stderr
    (file,) = (tmp_path / "b").iterdir()
    refused = run("db.restore", str(file))
    assert (refused.returncode, "Nothing was restored. The new database is not empty" in refused.stderr) == (1, True)
    restored = run("db.restore", str(file), "--to", f"sqlite:///{tmp_path / 'new.db'}")
    assert "3 tickets and 3 mails are back." in restored.stdout
