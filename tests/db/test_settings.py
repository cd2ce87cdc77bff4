"""A wrong setting is said in one line that names it."""

from pathlib import Path

import pytest

from connectors.settings import MailSettings
from db.desk import UnusableDesk, load_desk
from db.settings import HouseSettings, WrongSetting, kept_secret, read_settings


def test_a_wrong_value_names_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PORT", "imap")

    with pytest.raises(WrongSetting, match=r"^MAIL_PORT: .*integer") as said:
        read_settings(MailSettings)

    assert "\n" not in str(said.value)


def test_an_unprefixed_setting_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDO_SECONDS", "-3")

    with pytest.raises(WrongSetting, match="UNDO_SECONDS"):
        read_settings(HouseSettings)


def test_an_unknown_stage_lists_the_known_ones() -> None:
    with pytest.raises(WrongSetting, match="web, mail, draft, act, reply"):
        _ = HouseSettings(stages="web,fly").chosen_stages


def test_an_unknown_desk_lists_those_that_exist() -> None:
    with pytest.raises(UnusableDesk, match="tennis"):
        load_desk("golf")


def test_a_broken_desk_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "desk.toml").write_text("title = 'x'\n")

    with pytest.raises(UnusableDesk, match=r"desk\.toml cannot be used"):
        load_desk("odd", tmp_path)


def test_a_kept_secret_stays_and_is_private(tmp_path: Path) -> None:
    first = kept_secret("x", tmp_path)

    assert kept_secret("x", tmp_path) == first
    assert (tmp_path / "x.secret").stat().st_mode & 0o077 == 0
