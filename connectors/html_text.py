"""What a reader of an HTML mail sees, as plain text; and what was hidden from that reader. Pure."""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

LONGEST_HTML = 1_000_000  # characters that are read
DEEPEST = 400
BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "center",
        "dd",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "td",
        "th",
        "tr",
        "ul",
    ]
)
PARAGRAPHS = frozenset(["blockquote", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"])
UNSEEN = frozenset(["head", "noscript", "object", "script", "style", "template", "title"])
EMPTY = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]
)
HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|font-size\s*:\s*0*(?:\.0+)?(?:px|pt|em|%)?\s*(?:;|!|$)|font-size\s*:\s*[01]px|opacity\s*:\s*0(?:\.0+)?\s*(?:;|!|$)|"
    r"(?:max-)?(?:height|width)\s*:\s*0(?:px)?\s*(?:;|!|$).*overflow\s*:\s*hidden|text-indent\s*:\s*-\d{3,}|left\s*:\s*-\d{3,}",
    re.IGNORECASE,
)
COLOUR = re.compile(r"(?<![-\w])(color|background(?:-color)?)\s*:\s*(#[0-9a-f]{3,8}|white|rgb\(\s*255\s*,\s*255\s*,\s*255\s*\))", re.IGNORECASE)  # fmt: skip
WHITE = ("#fff", "#ffffff", "white")
QUOTING = re.compile(r"gmail_quote|moz-cite|yahoo_quoted|protonmail_quote|tutanota_quote", re.IGNORECASE)
SPACE = re.compile(r"[ \t\r\n\f]+")


@dataclass(frozen=True)
class HtmlText:
    """`text`: what is seen, blocks as lines, quoted mails with "> ". `hidden`: what is in the mail and is not seen."""

    text: str
    hidden: str


def text_of_html(html: str) -> HtmlText:
    reader = Reader()
    reader.feed(html[:LONGEST_HTML])
    reader.close()
    return HtmlText(tidy("".join(reader.seen)), SPACE.sub(" ", "".join(reader.hidden)).strip())


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []
        self.hidden: list[str] = []
        self.open: list[tuple[str, bool, bool]] = []  # tag, whether it hides, whether it quotes
        self.hiding = self.quoting = self.unseen = self.verbatim = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in BLOCKS or tag == "br":
            self.line(2 if tag in PARAGRAPHS and self.quoting == 0 else 1, forced=tag == "br")
        if tag == "li":
            self.write("- ")
        if tag in EMPTY or len(self.open) >= DEEPEST:
            return
        found = {name: value or "" for name, value in attrs}
        hides = is_hidden(found)
        quotes = tag == "blockquote" and (found.get("type") == "cite" or bool(QUOTING.search(found.get("class", ""))))
        self.open.append((tag, hides, quotes))
        self.hiding += hides
        self.quoting += quotes
        self.unseen += tag in UNSEEN
        self.verbatim += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self.line(2 if tag in PARAGRAPHS and self.quoting == 0 else 1)
        if tag not in (opened for opened, _, _ in self.open):
            return
        while self.open:
            opened, hides, quotes = self.open.pop()
            self.hiding -= hides
            self.quoting -= quotes
            self.unseen -= opened in UNSEEN
            self.verbatim -= opened == "pre"
            if opened == tag:
                break

    def handle_data(self, data: str) -> None:
        if self.unseen:
            return
        if self.hiding:
            self.hidden.append(data + " ")
            return
        if self.verbatim:
            self.write(data.replace("\n", "\n" + "> " * min(self.quoting, 5)))
            return
        data = SPACE.sub(" ", data)
        if not self.seen or self.seen[-1].endswith(("\n", " ", "> ")):
            data = data.lstrip(" ")
        self.write(data)

    def write(self, data: str) -> None:
        if data:
            if self.quoting and (not self.seen or self.seen[-1].endswith("\n")):
                self.seen.append("> " * min(self.quoting, 5))
            self.seen.append(data)

    def line(self, breaks: int, *, forced: bool = False) -> None:
        """End the line that was begun; `forced` also ends one that was not."""
        if self.unseen or self.hiding:
            return
        if not self.seen:
            return
        if forced:
            self.seen.append("\n")
        elif not self.seen[-1].endswith("\n"):
            self.seen.append("\n" * breaks)
        elif breaks > 1 and not self.seen[-1].endswith("\n\n"):
            self.seen.append("\n")


def is_hidden(attrs: dict[str, str]) -> bool:
    style = attrs.get("style", "")[:2000]
    if "hidden" in attrs or (style and HIDDEN.search(style)):
        return True
    colours = {
        name.lower().removesuffix("-color"): value.lower().replace(" ", "") for name, value in COLOUR.findall(style)
    }
    colour, ground = colours.get("color", attrs.get("color", "").lower()), colours.get("background", "#fff")
    white = (*WHITE, "rgb(255,255,255)")
    return bool(colour) and (colour == ground or (colour in white and ground in white))


def tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.replace("\xa0", " ").replace("\u200b", "").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
