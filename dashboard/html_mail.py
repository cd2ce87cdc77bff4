"""A stranger's HTML as it may be shown: sanitised, in a frame that runs nothing, sends nothing and fetches nothing."""

import base64
from collections.abc import Mapping, Sequence

import nh3
from sqlalchemy.orm import Session

from db.markup import shallow
from db.models import Attachment, Mail

LONGEST = 400_000  # characters
LARGEST_IMAGE = 3_000_000  # bytes, of one that is shown in place
IMAGES = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
TAGS = set(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "caption",
        "center",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "div",
        "dl",
        "dt",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "li",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
    ]
)
ATTRIBUTES = {
    "a": {"href", "title"}, "img": {"src", "alt", "width", "height"}, "td": {"colspan", "rowspan", "align", "valign", "bgcolor", "width"},
    "th": {"colspan", "rowspan", "align", "valign", "bgcolor", "width"}, "table": {"align", "bgcolor", "border", "cellpadding", "cellspacing", "width"},
    "font": {"color",
        "size", "face"}, "*": {"style", "dir", "lang"},
}  # fmt: skip
STYLES = set(
    [
        "background-color",
        "border",
        "border-bottom",
        "border-left",
        "border-right",
        "border-top",
        "border-collapse",
        "color",
        "display",
        "font-family",
        "font-size",
        "font-style",
        "font-weight",
        "line-height",
        "margin",
        "margin-bottom",
        "margin-left",
        "margin-right",
        "margin-top",
        "max-width",
        "padding",
        "padding-bottom",
        "padding-left",
        "padding-right",
        "padding-top",
        "text-align",
        "text-decoration",
        "vertical-align",
        "width",
    ]
)


def policy(*, images: bool) -> str:
    """The frame's own: nothing but inline styles, pictures that came along, and remote ones where a person asked."""
    sources = "data: https: http:" if images else "data:"
    return (
        f"sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src {sources}; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    )


def page_of(session: Session, mail: Mail, *, images: bool) -> str:
    """A whole document. Pictures of the mail itself are put in place; remote ones stay out unless `images`."""
    own = own_images(session, mail.attachments)

    def kept(tag: str, attribute: str, value: str) -> str | None:
        if tag == "img" and attribute == "src":
            if value.lower().startswith("cid:"):
                return own.get(value[4:].strip("<>"))
            return value if value.startswith("data:image/") or images else None
        is_link = attribute in ("href", "cite", "background", "longdesc")
        return None if is_link and value.strip().lower().startswith(("data:", "cid:")) else value

    body = nh3.clean(
        shallow(mail.html[:LONGEST]), tags=TAGS, attributes=ATTRIBUTES, attribute_filter=kept, filter_style_properties=STYLES,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"}, link_rel="noopener noreferrer", set_tag_attribute_values={"a": {"target": "_blank"}},
        clean_content_tags={"script", "style", "title", "head", "template", "noscript", "object", "svg", "math"},
    )  # fmt: skip
    return (
        '<!doctype html><html><head><meta charset="utf-8"><meta name="referrer" content="no-referrer"><style>'
        "body{font:15px/1.5 system-ui,sans-serif;margin:12px;color:#1d1d1b;background:#fff;overflow-wrap:anywhere}img{max-width:100%;height:auto}"
        f"</style></head><body>{body}</body></html>"
    )


def own_images(session: Session, attachments: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """By content id, as data URLs."""
    found = {}
    for one in attachments:
        stored = session.get(Attachment, one["sha256"]) if one.get("cid") and one.get("sha256") else None
        kind = image_type(stored.content) if stored is not None and len(stored.content) <= LARGEST_IMAGE else ""
        if stored is not None and kind:
            found[one["cid"]] = f"data:{kind};base64,{base64.b64encode(stored.content).decode()}"
    return found


def image_type(content: bytes) -> str:
    """By its first bytes, never by what the mail claims; "" for anything that is not safe to show in place."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for start, kind in IMAGES.items() if content.startswith(start)), "")
