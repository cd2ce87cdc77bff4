"""Files for this user alone: whole or not at all, and of several writers the first one's."""

import threading
from pathlib import Path

import pytest

from db import private_files
from db.settings import kept_secret


def test_what_is_put_is_private_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "vault.secret"

    private_files.put(path, b"one")
    private_files.put(path, b"two")

    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o077 == 0
    assert list(path.parent.iterdir()) == [path]


def test_what_cannot_be_written_leaves_what_stood_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "vault.secret"
    private_files.put(path, b"one")
    monkeypatch.setattr(private_files.os, "fsync", full)

    with pytest.raises(OSError, match="no space"):
        private_files.put(path, b"two")

    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def full(*_: object) -> None:
    raise OSError("no space")


@pytest.mark.parametrize("has_links", [True, False])
def test_processes_that_begin_together_share_one_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    if not has_links:
        monkeypatch.setattr(private_files.os, "link", full)
    found: list[str] = []
    gate = threading.Barrier(8)

    def begin() -> None:
        gate.wait()
        found.append(kept_secret("session", tmp_path))

    threads = [threading.Thread(target=begin) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 8
    assert len(set(found)) == 1 or not has_links
    assert kept_secret("session", tmp_path) in found
