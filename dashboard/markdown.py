"""Markdown that a machine or a visitor wrote becomes HTML: the one way out."""

import nh3
from markdown_it import MarkdownIt

TAGS = {"p", "em", "strong", "ul", "ol", "li", "code", "pre", "br", "a"}
READER = MarkdownIt("commonmark", {"html": False})


def safe_html(text: str) -> str:
    """Without pictures, markup of others, or links to anything but pages and mail addresses."""
    return nh3.clean(
        READER.render(text[:20_000]), tags=TAGS, attributes={"a": {"href"}}, url_schemes={"https", "http", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )  # fmt: skip
