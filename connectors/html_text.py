"""What a reader of an HTML mail sees, as plain text; and what was hidden from that reader. Pure."""

import re
from dataclasses import dataclass, replace
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from db.markup import shallow

LONGEST_HTML = 1_000_000  # characters that are read
MOST_NODES = 200_000
MOST_RULES = 500
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
        "tr",
        "ul",
    ]
)
PARAGRAPHS = frozenset(["blockquote", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "table", "ul"])
UNSEEN = frozenset(["head", "noscript", "object", "script", "style", "template", "title"])
QUOTING = re.compile(r"gmail_quote|moz-cite|yahoo_quoted|protonmail_quote|tutanota_quote", re.IGNORECASE)
SPACE = re.compile(r"[ \t\r\n\f]+")
RULE = re.compile(r"([^{}]{1,300})\{([^{}]{0,2000})\}")
SIMPLE = re.compile(r"^\s*[a-z0-9]*([.#][\w-]{1,80})\s*$", re.IGNORECASE)
GONE = re.compile(
    r"display\s*:\s*none|mso-hide\s*:\s*all|opacity\s*:\s*0(?:\.0+)?\s*(?:;|!|$)|(?:max-)?(?:height|width)\s*:\s*0(?:px)?\s*(?:;|!|$)[^{}]{0,200}?overflow\s*:\s*hidden|"
    r"overflow\s*:\s*hidden[^{}]{0,200}?(?:max-)?(?:height|width)\s*:\s*0(?:px)?\s*(?:;|!|$)|text-indent\s*:\s*-\d{3,}|(?:left|top)\s*:\s*-\d{3,}",
    re.IGNORECASE,
)
DECLARED = re.compile(
    r"(?<![\w-])(visibility|font-size|font|color|background-color|background)\s*:\s*([^;!]{1,120})", re.IGNORECASE
)
TINY = re.compile(r"^0*(?:\.0+)?(?:px|pt|em|rem|%)?$|^0*1px$", re.IGNORECASE)
COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|rgba?\([^)]{1,40}\)|transparent|[a-z]{3,20}", re.IGNORECASE)
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
NAMED = {"white": WHITE, "black": BLACK, "snow": (255, 250, 250), "ivory": (255, 255, 240), "whitesmoke": (245, 245, 245), "ghostwhite": (248, 248, 255)}  # fmt: skip
UNKNOWN = (128, 64, 32)  # like neither ground
ALIKE = 12  # steps of 255 between two colours that no eye tells apart

Colour = tuple[int, int, int] | None  # None is transparent


@dataclass(frozen=True)
class HtmlText:
    """`text`: what is seen, blocks as lines, quoted mails with "> ". `hidden`: what is in the mail and is not seen."""

    text: str
    hidden: str


@dataclass(frozen=True)
class Look:
    """How text in an element looks: what it inherits and what its own style says."""

    gone: bool = False
    visible: bool = True
    tiny: bool = False
    colour: Colour = BLACK
    ground: Colour = WHITE
    quoting: int = 0
    verbatim: bool = False

    @property
    def seen(self) -> bool:
        if self.gone or self.tiny or not self.visible or self.colour is None:
            return False
        return self.ground is None or any(abs(a - b) > ALIKE for a, b in zip(self.colour, self.ground, strict=True))


def text_of_html(html: str) -> HtmlText:
    tree = LexborHTMLParser(shallow(html[:LONGEST_HTML]))
    sheet = rules_of(tree)
    writer = Writer()
    todo: list[tuple[Any, Look, str]] = [(tree.root, Look(), "open")] if tree.root is not None else []
    for _ in range(MOST_NODES):
        if not todo:
            break
        node, look, what = todo.pop()
        tag = node.tag or ""
        if what == "close":
            writer.line(2 if tag in PARAGRAPHS and not look.quoting else 1, look)
            continue
        if tag == "-text":
            writer.text(node.text(deep=False) or "", look)
            continue
        if tag in UNSEEN or tag.startswith("-"):
            continue
        look = look_of(node, look, sheet)
        if tag == "br":
            writer.line(1, look, forced=True)
            continue
        if tag in BLOCKS:
            writer.line(2 if tag in PARAGRAPHS and not look.quoting else 1, look)
            todo.append((node, look, "close"))
        if tag == "li":
            writer.text("- ", look)
        if tag in ("td", "th"):
            writer.text(" ", look)
        children: list[Any] = []
        child = node.child
        while child is not None and len(children) < MOST_NODES:
            children.append(child)
            child = child.next
        todo += [(one, look, "open") for one in reversed(children)]
    return HtmlText(tidy("".join(writer.seen)), SPACE.sub(" ", "".join(writer.hidden)).strip())


class Writer:
    """Lines of seen text, and the words that are not seen."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.hidden: list[str] = []

    def text(self, words: str, look: Look) -> None:
        if not look.seen:
            self.hidden.append(words + " " if words.strip("-\u200c\u200b\xa0\u034f \n\t") else "")
            return
        if look.verbatim:
            words = words.replace("\n", "\n" + "> " * min(look.quoting, 5))
        else:
            words = SPACE.sub(" ", words)
            if not self.seen or self.seen[-1].endswith(("\n", " ", "> ")):
                words = words.lstrip(" ")
        if words:
            if look.quoting and (not self.seen or self.seen[-1].endswith("\n")):
                self.seen.append("> " * min(look.quoting, 5))
            self.seen.append(words)

    def line(self, breaks: int, look: Look, *, forced: bool = False) -> None:
        """End the line that was begun; `forced` also ends one that was not."""
        if not look.seen or not self.seen:
            return
        if forced:
            self.seen.append("\n")
        elif not self.seen[-1].endswith("\n"):
            self.seen.append("\n" * breaks)
        elif breaks > 1 and not self.seen[-1].endswith("\n\n"):
            self.seen.append("\n")


def rules_of(tree: LexborHTMLParser) -> dict[str, str]:
    """Declarations of the style sheets by simple selector, ".name" or "#name"; others are not understood."""
    found: dict[str, str] = {}
    for node in tree.css("style")[:20]:
        text = re.sub(r"/\*.{0,5000}?\*/", "", (node.text() or "")[:50_000], flags=re.DOTALL)
        outside = re.sub(
            r"@[^{}]{0,300}\{(?:[^{}]{0,2000}\{[^{}]{0,2000}\}\s{0,50}){0,200}\}", "", text
        )  # for narrow screens, say
        for number, rule in enumerate(RULE.finditer(outside)):
            if number > MOST_RULES:
                break
            for selector in rule[1].split(","):
                simple = SIMPLE.match(selector)
                if simple:
                    found[simple[1]] = f"{found.get(simple[1], '')};{rule[2]}"
    return found


def look_of(node: Any, inherited: Look, sheet: dict[str, str]) -> Look:
    attrs = {name: value or "" for name, value in node.attributes.items()}
    style = attrs.get("style", "")[:3000]
    if sheet:
        names = [f".{name}" for name in attrs.get("class", "").split()[:20]] + [f"#{attrs.get('id', '')}"]
        style = ";".join([*(sheet.get(name, "") for name in names), style])
    look = inherited
    if attrs.get("bgcolor"):
        look = replace(look, ground=colour_of(attrs["bgcolor"]))
    if attrs.get("color"):
        look = replace(look, colour=colour_of(attrs["color"]))
    for found in DECLARED.finditer(style):
        look = declared(look, found[1].lower(), found[2].strip())
    quotes = node.tag == "blockquote" and (attrs.get("type") == "cite" or QUOTING.search(attrs.get("class", "")))
    return replace(
        look,
        gone=look.gone or "hidden" in attrs or bool(GONE.search(style)),
        quoting=look.quoting + bool(quotes),
        verbatim=look.verbatim or node.tag == "pre",
    )


def declared(look: Look, name: str, value: str) -> Look:
    if name == "visibility":
        return replace(look, visible=value.lower() not in ("hidden", "collapse"))
    if name in ("font-size", "font"):
        size = (
            value
            if name == "font-size"
            else next((word.split("/")[0] for word in value.split() if word[:1].isdigit()), "1em")
        )
        return replace(look, tiny=bool(TINY.match(size)))
    stated = COLOUR.search(value)
    if stated is None:
        return look
    colour = colour_of(stated[0])
    if name == "color":
        return replace(look, colour=colour)
    return look if colour is None else replace(look, ground=colour)  # a transparent ground shows the one behind it


def colour_of(words: str) -> Colour:
    """Red, green, blue; None where it is transparent. A name that is not known is a colour like any other."""
    words = words.strip().lower()
    if words == "transparent":
        return None
    if words.startswith("#"):
        digits = words[1:]
        digits = "".join(c * 2 for c in digits[:3]) if len(digits) in (3, 4) else digits[:6]
        if not re.fullmatch(r"[0-9a-f]{6}", digits):
            return UNKNOWN
        return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)
    if words.startswith("rgb"):
        parts = [float(part) for part in re.findall(r"\d+(?:\.\d+)?", words)[:4]] + [0.0] * 3
        if (
            words.startswith("rgba")
            and "0" in words
            and len(re.findall(r"\d+(?:\.\d+)?", words)) == 4
            and parts[3] == 0
        ):
            return None
        return int(parts[0]), int(parts[1]), int(parts[2])
    return NAMED.get(words, UNKNOWN)


def tidy(text: str) -> str:
    lines = [line.rstrip() for line in text.replace("\xa0", " ").replace("\u200b", "").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
