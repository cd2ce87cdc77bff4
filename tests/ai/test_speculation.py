"""Guesses at the next tokens."""

from ai.model.speculation import GRAM, Phrasebook, copied


def book(*answers: list[int], category: str = "a") -> Phrasebook:
    made = Phrasebook()
    for answer in answers:
        made.add(category, answer)
    return made


def test_what_followed_the_same_words_is_guessed() -> None:
    assert book([1, 2, 3, 4, 5, 6]).guess("a", [9, 2, 3, 4], 10) == [5, 6]
    assert book([1, 2, 3, 4, 5, 6]).guess("a", [9, 2, 3, 4], 1) == [5]


def test_nothing_alike_gives_no_guess() -> None:
    assert book([1, 2, 3, 4, 5]).guess("a", [7, 8, 9], 10) == []
    assert book([1, 2, 3, 4, 5]).guess("b", [1, 2, 3], 10) == []
    assert book([1, 2, 3, 4, 5]).guess("a", [1, 2], 10) == []


def test_the_longest_like_passage_wins_over_the_newest() -> None:
    assert book([7, 1, 2, 3, 50], [8, 1, 2, 3, 60]).guess("a", [7, 1, 2, 3], 5) == [50]


def test_among_equals_the_majority_says_how_it_goes_on_and_the_newest_of_it_how_then() -> None:
    answers = [1, 2, 3, 50, 51], [1, 2, 3, 50, 52], [1, 2, 3, 60, 61]

    assert book(*answers).guess("a", [1, 2, 3], 2) == [50, 52]


def test_an_answer_counts_once() -> None:
    assert book([1, 2, 3, 50], [1, 2, 3, 60], [1, 2, 3, 50]).guess("a", [1, 2, 3], 1) == [60]


def test_memory_is_bounded() -> None:
    many = book(*([1, 2, 3, 100 + i] for i in range(500)))

    assert max(map(len, many.places.values())) <= 64
    assert many.guess("a", [1, 2, 3], 1)[0] >= 100 + 500 - 64


def test_the_mail_is_copied_from_its_last_like_place() -> None:
    assert copied([1, 2, 3, 1, 2, 4, 5], [8, 1, 2], 2) == [4, 5]
    assert copied([1, 2, 3], [2], 2) == []
    assert copied([1, 2], [1, 2], 2) == []
    assert GRAM > 2
