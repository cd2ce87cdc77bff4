"""Words of a mail against its date: what they mean, and when they mean nothing."""

from datetime import datetime, timedelta, timezone

import pytest

from ai.resolving import find_words, resolve, value_of

THURSDAY = datetime(2026, 5, 14, 9, 12, tzinfo=timezone(timedelta(hours=2)))


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("2026-06-01", "2026-06-01"),
        ("Tuesday", "2026-05-19"),
        ("next Tuesday", "2026-05-19"),
        ("Thursday", "2026-05-21"),
        ("Tuesday week", "2026-05-26"),
        ("a week on Tuesday", "2026-05-26"),
        ("übernächsten Dienstag", "2026-05-26"),
        ("tomorrow", "2026-05-15"),
        ("übermorgen", "2026-05-16"),
        ("heute", "2026-05-14"),
        ("the 12th", "2026-06-12"),
        ("am 20.", "2026-05-20"),
        ("12 June", "2026-06-12"),
        ("June 12th", "2026-06-12"),
        ("12. Juni", "2026-06-12"),
        ("12.6.", "2026-06-12"),
        ("12/06/2026", "2026-06-12"),
        ("Friday 12/06", "2026-06-12"),
        ("Tuesday 06/09", "2026-06-09"),
        ("Sunday the 17th", "2026-05-17"),
        ("Monday 12 June", ""),
        ("Dienstag, den 19.5.", "2026-05-19"),
        ("3 January", "2027-01-03"),
        ("31.2.", ""),
        ("some day", ""),
        ("in two weeks", "2026-05-28"),
        ("am 12. September", "2026-09-12"),
        ("für den 3. Juli", "2026-07-03"),
        ("the 12th of August", "2026-08-12"),
        ("Sat", "2026-05-16"),
        ("sat 16/5", "2026-05-16"),
        ("on sun", "2026-05-17"),
        ("Sat 6/12", ""),  # the 12th of June is a Friday, the 6th of December a Sunday
        ("we sat in the sun", ""),
        ("am mi", "2026-05-20"),
        ("Fr 22.5.", "2026-05-22"),
        ("do", "2026-05-21"),
        ("so gut es geht", ""),
        ("2moro", "2026-05-15"),
        ("gestern", "2026-05-13"),
    ],
)
def test_a_date_is_read_against_the_day_of_the_mail(words: str, value: str) -> None:
    assert value_of("date", words, THURSDAY) == value


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("18:00", "18:00"),
        ("9:30", "09:30"),
        ("6:30pm", "18:30"),
        ("6 pm", "18:00"),
        ("six", "18:00"),
        ("half seven", "19:30"),
        ("half past six", "18:30"),
        ("halb sieben", "18:30"),
        ("halb sieben abends", "18:30"),
        ("18-19 Uhr", "18:00"),
        ("6-7pm", "18:00"),
        ("11-1pm", "11:00"),
        ("von 17 bis 18.30", "17:00"),
        ("7 to 8", "19:00"),
        ("2-3 people", ""),
        ("3 bis 9 Leute", ""),
        ("um 6 am Sonntag", "18:00"),
        ("9 am", "09:00"),
        ("quarter past six", "18:15"),
        ("Viertel vor acht", "19:45"),
        ("18 Uhr 30", "18:30"),
        ("8 Uhr", "08:00"),
        ("7 Uhr", "07:00"),
        ("7:30 Uhr", "07:30"),
        ("7.00 Uhr", "07:00"),
        ("5:30 Uhr", "17:30"),
        ("8 Uhr abends", "20:00"),
        ("10 in the morning", "10:00"),
        ("noon", "12:00"),
        ("9.30 am", "09:30"),
        ("in the evening", ""),
        ("25:00", ""),
    ],
)
def test_a_time_is_read_as_a_club_means_it(words: str, value: str) -> None:
    assert value_of("time", words, THURSDAY) == value


@pytest.mark.parametrize(
    ("words", "value"),
    [("court 3", "3"), ("Platz 4", "4"), ("3", "3"), ("court no. 2", "2"), ("Halle 2", "Halle 2"),
     ("indoor court 1", "indoor 1"), ("courts 1 and 2", "1, 2"), ("court three", "3"),
     ("Court: 4", "4"), ("Plätze 5 und 6 am Sonntag", "5, 6"), ("courts 1, 2 and 3", "1, 2, 3"), ("court 3, 6 pm", "3"),
     ("Platz 3 und 18 Uhr", "3")],
)  # fmt: skip
def test_a_court_loses_the_word_court(words: str, value: str) -> None:
    assert value_of("court", words, THURSDAY) == value


@pytest.mark.parametrize(
    ("words", "value"),
    [("90 minutes", "90"), ("an hour and a half", "90"), ("anderthalb Stunden", "90"), ("two hours", "120"),
     ("eine Stunde", "60"), ("2h", "120"), ("a while", "")],
)  # fmt: skip
def test_a_duration_is_in_minutes(words: str, value: str) -> None:
    assert value_of("duration_minutes", words, THURSDAY) == value


def test_a_value_that_cannot_be_read_is_left_out() -> None:
    resolved = resolve({"date": "sometime", "court": "court 2", "full_name": " Anna \n Novak "}, THURSDAY)

    assert resolved == {"court": "2", "full_name": "Anna Novak"}


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("time", "16:30", "on the 15th of September at 16:30. Could I have"),
        ("date", "2026-06-29", "can't do 29/06 eleven am"),
        ("date", "2026-05-18", "Montag, 16.30 Uhr"),
        ("court", "3", "next Friday, 4:30 pm, court three, two hours pls"),
        ("court", "2", "tomorrow, 9.15am, court two, 90 min pls"),
    ],
)
def test_words_are_found_among_others(key: str, value: str, text: str) -> None:
    assert find_words(key, value, text, THURSDAY) is not None


def test_words_are_found_where_they_stand() -> None:
    text = "Guten Morgen, bitte am Dienstag um 18 Uhr auf Platz 3, danke"

    assert find_words("date", "2026-05-19", text, THURSDAY) == "Dienstag"
    assert find_words("time", "18:00", text, THURSDAY) == "18 Uhr"
    assert find_words("court", "3", text, THURSDAY) == "Platz 3"
    assert find_words("date", "2026-05-15", text, THURSDAY) is None


@pytest.mark.parametrize(
    ("key", "words", "value"),
    [
        ("court", "Platz am Donnerstag", ""),
        ("court", "Centre Court", "Centre Court"),
        ("court", "center court", "center court"),
        ("court", "kommt sonst nicht hin", ""),
        ("court", "Platz.", ""),
        ("phone", "04229 Leipzig", ""),
        ("phone", "+49 (0)351 555-0162", "+49 (0)351 555-0162"),
        ("booking_ref", "Saturday 19 July 2025", ""),
        ("booking_ref", "WP-58213", "WP-58213"),
        ("full_name", "Herrn Achterberg", ""),
        ("full_name", "Dr. Ruben Achterberg", "Dr. Ruben Achterberg"),
        ("address", "Ihrem Parkplatz", ""),
        ("email", "karin_v", ""),
        ("email", "karin@vogelsang.example", "karin@vogelsang.example"),
        ("phone", "extension 12", ""),
        ("phone", "+49 30 23125-164", "+49 30 23125-164"),
        ("full_name", "hweber52", ""),
        ("full_name", "A. Weber", "A. Weber"),
        ("full_name", "Müller-Lüdenscheidt", ""),
        ("full_name", "Özlem  Şahin", "Özlem Şahin"),
    ],
)
def test_words_of_the_wrong_shape_are_left_out(key: str, words: str, value: str) -> None:
    assert resolve({key: words}, THURSDAY).get(key, "") == value
