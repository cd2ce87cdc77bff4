"""Files and web pages become Markdown: PDF, DOCX, HTML, CSV and plain text. What comes in is a stranger's.

A file is read in a process of its own, with limits: `python -m ai.pages NAME < FILE` prints title and text as JSON.
"""

import csv
import io
import json
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath

import httpx
from docx import Document
from pypdf import PdfReader
from selectolax.lexbor import LexborHTMLParser

from db.markup import shallow
from db.reach import Reachable, reach

SECONDS = 60
MEMORY = 2_000_000_000  # bytes of address space
MOST = 500_000  # characters
MOST_BYTES = 5_000_000  # of a web page
HOPS = 5  # redirects, each judged anew
NOT_TEXT = "script, style, noscript, template, nav, header, footer, form, iframe, svg, [hidden], [aria-hidden=true]"
BLOCKS = "h1, h2, h3, h4, h5, h6, p, li, td, th, pre, blockquote, dt, dd, summary, figcaption"


class UnreadablePage(Exception):
    """No text could be read; the message says why."""


def read_apart(name: str, content: bytes) -> tuple[str, str]:
    """Title and Markdown of a file, read in another process. Raise UnreadablePage."""
    try:
        done = subprocess.run(
            [sys.executable, "-m", "ai.pages", name], input=content, capture_output=True, timeout=SECONDS,
            preexec_fn=limit, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise UnreadablePage(f"It could not be read within {SECONDS} seconds.") from None
    if done.returncode:
        lines = done.stderr.decode("utf-8", "replace").strip().split("\n")
        raise UnreadablePage(lines[-1][:300] if done.returncode == 2 else "It is damaged, or too large to be read.")
    said = json.loads(done.stdout)
    return str(said["title"]), str(said["text"])


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def read_file(name: str, content: bytes) -> tuple[str, str]:
    """Title ("" where it states none) and Markdown. Raise UnreadablePage."""
    ending = PurePath(name).suffix.lower()
    if ending not in READERS:
        raise UnreadablePage(f"{ending or 'This kind of file'} cannot be read.")
    try:
        title, text = READERS[ending](content)
    except UnreadablePage:
        raise
    except Exception as error:  # libraries for files raise whatever they like
        raise UnreadablePage(f"It cannot be read: {type(error).__name__}.") from error
    title, text = (one.replace("\0", "").encode("utf-8", "replace").decode() for one in (title, text))
    text = re.sub(r"\n{3,}", "\n\n", text).strip()[:MOST]
    if not text:
        raise UnreadablePage("There is no text in it. A scanned page needs text recognition first.")
    return " ".join(title.split())[:200], text


def of_pdf(content: bytes) -> tuple[str, str]:
    reader = PdfReader(io.BytesIO(content))
    title = str((reader.metadata.title if reader.metadata else "") or "")
    return title, "\n\n".join(page.extract_text() for page in reader.pages)


def of_docx(content: bytes) -> tuple[str, str]:
    document = Document(io.BytesIO(content))
    lines = []
    for paragraph in document.paragraphs:
        level = re.fullmatch(r"Heading (\d)", str(paragraph.style.name) if paragraph.style else "")
        if paragraph.text.strip():
            lines.append(f"{'#' * (int(level[1]) + 1)} {paragraph.text.strip()}" if level else paragraph.text.strip())
    for table in document.tables:
        rows = [[cell.text.strip() for cell in row.cells] for row in table.rows]
        lines += of_rows(rows)
    return document.core_properties.title or "", "\n\n".join(lines)


def of_html(content: bytes) -> tuple[str, str]:
    tree = LexborHTMLParser(shallow(decoded(content)))
    title = tree.css_first("title")
    for node in tree.css(NOT_TEXT):
        node.decompose()
    lines = []
    for node in tree.css(BLOCKS):
        said = re.sub(r" ([.,;:!?])", r"\1", " ".join(node.text(separator=" ", deep=True).split()))
        if said and node.css_first("p, li, td") in (None, node):
            level = int((node.tag or "")[1]) if re.fullmatch("h[1-6]", node.tag or "") else 0
            lines.append(f"{'#' * max(2, level)} {said}" if level else said)
    body = tree.body
    plain = "" if lines or body is None else " ".join(body.text(separator=" ").split())
    return (title.text() if title else ""), "\n\n".join(dict.fromkeys(lines)) or plain


def of_csv(content: bytes) -> tuple[str, str]:
    said = decoded(content)
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(said[:5000], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    return "", "\n\n".join(of_rows(list(csv.reader(io.StringIO(said), dialect))))


def of_rows(rows: Sequence[Sequence[str]]) -> list[str]:
    """Each row with the names of its columns, so that it can stand alone."""
    head, *others = [row for row in rows if any(cell.strip() for cell in row)] or [[]]
    named = [
        ". ".join(f"{name}: {cell.strip()}" for name, cell in zip(head, row, strict=False) if cell.strip())
        for row in others
    ]
    return named or [" ".join(head)]


def of_text(content: bytes) -> tuple[str, str]:
    said = decoded(content)
    first, _, rest = said.strip().partition("\n")
    return (first.removeprefix("# ").strip(), rest) if first.startswith("# ") and rest.strip() else ("", said)


def decoded(content: bytes) -> str:
    """UTF-8, else what Windows writes in the west of Europe."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


READERS: Mapping[str, Callable[[bytes], tuple[str, str]]] = {
    ".pdf": of_pdf, ".docx": of_docx, ".html": of_html, ".htm": of_html, ".csv": of_csv, ".md": of_text, ".txt": of_text,
}  # fmt: skip
ENDINGS = {
    "application/pdf": ".pdf", "text/csv": ".csv", "text/plain": ".txt", "text/markdown": ".md",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}  # fmt: skip


def fetch(url: str, allowed: Sequence[str] = ()) -> tuple[str, bytes]:
    """A name with the ending of its kind, and the content at an address. Raise OutOfReach, UnreadablePage."""
    deadline = time.monotonic() + SECONDS
    with httpx.Client(timeout=20, trust_env=False) as client:
        for _ in range(HOPS):
            where = reach(url, allowed)
            try:
                status, headers, content = answered(client, where, deadline)
                if httpx.codes.is_redirect(status) and headers.get("location"):
                    url = str(httpx.URL(url).join(headers["location"]))
                    continue
            except (httpx.HTTPError, httpx.InvalidURL) as problem:
                raise UnreadablePage(f"{where.host} gives no answer: {type(problem).__name__}.") from problem
            if status != 200:
                raise UnreadablePage(f"{where.host} answers {status}.")
            kind = headers.get("content-type", "text/html").partition(";")[0].strip().lower()
            return f"page{ENDINGS.get(kind, '.html')}", content
    raise UnreadablePage("It is redirected too often.")


def answered(client: httpx.Client, where: Reachable, deadline: float) -> tuple[int, httpx.Headers, bytes]:
    """Raise UnreadablePage where it is too large, too slow, or packed: a small packet may hold anything."""
    request = httpx.Request(
        "GET", where.url, headers={"Host": where.netloc, "User-Agent": "Courtdesk", "Accept-Encoding": "identity"},
        extensions={"sni_hostname": where.host, "timeout": {"connect": 10, "read": 20, "write": 10, "pool": 10}},
    )  # fmt: skip
    answer = client.send(request, stream=True)
    try:
        content = b""
        if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise UnreadablePage(f"{where.host} answers in a packed form that was not asked for.")
        for part in answer.iter_raw():
            content += part
            if time.monotonic() > deadline:
                raise UnreadablePage(f"{where.host} gave no whole answer within {SECONDS} seconds.")
            if len(content) > MOST_BYTES:
                raise UnreadablePage(f"It has more than {MOST_BYTES // 1_000_000} MB.")
        return answer.status_code, answer.headers, content
    finally:
        answer.close()


def main() -> None:
    try:
        title, text = read_file(sys.argv[1], sys.stdin.buffer.read())
    except UnreadablePage as problem:
        print(problem, file=sys.stderr)
        raise SystemExit(2) from None
    print(json.dumps({"title": title, "text": text}))


if __name__ == "__main__":
    main()
