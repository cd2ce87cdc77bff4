"""The page of the playground."""

from dataclasses import replace

import pytest
from pages import FORM, Pages

from db.playground import Play, Played

PLAYED = Played(
    "<|im_start|>system", "{}", [("Hi", 0.999), (" <b>", 0.42)], [], [("other", 0.9)], 0.8, False, ["the model is not sure"], "v2", 1.5,
    300, 40, 12,
)  # fmt: skip


class Fake:
    def __init__(self) -> None:
        self.asked: list[Play] = []

    def play(self, play: Play) -> Played:
        self.asked.append(play)
        return PLAYED


@pytest.fixture
def fake(pages: Pages) -> Fake:
    made = Fake()
    app = pages.client.app
    app.state.house = replace(app.state.house, playground=made)  # type: ignore[attr-defined]
    return made


def test_a_draft_is_shown_with_what_it_is_made_of(pages: Pages, fake: Fake) -> None:
    form = {"body": "Hello <i>", "version": "v2", "temperature": "0,7", "seed": "3", "passages": "on"}
    page = pages.client.post("/playground", data=form, headers=FORM).text

    assert fake.asked == [Play("Hello <i>", "", "", "v2", 0.7, 3, True)]
    assert '<span class="t3" title="42.0%"> &lt;b&gt;</span>' in page
    assert "&lt;|im_start|&gt;system" in page
    assert "300 tokens read" in page


@pytest.mark.parametrize("changes", [{"body": ""}, {"temperature": "hot"}, {"temperature": "3"}, {"seed": "x"}])
def test_what_makes_no_sense_is_refused(pages: Pages, fake: Fake, changes: dict[str, str]) -> None:
    form = {"body": "Hello", "temperature": "0", "seed": "0", **changes}
    assert pages.client.post("/playground", data=form, headers=FORM).status_code == 422


def test_a_process_without_a_model_says_so(pages: Pages) -> None:
    assert "This process has no model" in pages.client.get("/playground").text
    assert pages.client.post("/playground", data={"body": "x"}, headers=FORM).status_code == 503
