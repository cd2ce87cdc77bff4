"""Files and web pages become text, each in its own process and with limits."""

import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from docx import Document

from ai.pages import UnreadablePage, fetch, read_apart, read_file
from db.reach import OutOfReach


def a_pdf() -> bytes:
    """One page with one line, and a table of where each object stands."""
    line = b"BT /F 12 Tf 20 100 Td (The hall opens at seven.) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(line), line), b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]  # fmt: skip
    made, places = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj%s endobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return (
        made
        + head
        + table
        + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(made))
    )


def a_docx() -> bytes:
    document = Document()
    document.core_properties.title = "House rules"
    document.add_heading("Shoes", 1)
    document.add_paragraph("Clay shoes only.")
    table = document.add_table(2, 2)
    for cell, said in zip((*table.rows[0].cells, *table.rows[1].cells), ("Court", "Price", "3", "12 EUR"), strict=True):
        cell.text = said
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


HTML = b"<html><head><title>Rules</title><script>evil()</script></head><body><nav>Home</nav><h1>Guests</h1><p>A guest pays <b>12</b>.</p><ul><li>First</li></ul></body></html>"


@pytest.mark.parametrize(
    ("name", "content", "title", "text"),
    [
        ("a.pdf", a_pdf(), "", "The hall opens at seven."),
        ("a.docx", a_docx(), "House rules", "## Shoes\n\nClay shoes only.\n\nCourt: 3. Price: 12 EUR"),
        ("a.html", HTML, "Rules", "## Guests\n\nA guest pays 12.\n\nFirst"),
        ("a.csv", "Platz;Preis\nHalle;28 €\n".encode("cp1252"), "", "Platz: Halle. Preis: 28 €"),
        ("a.md", b"# Title\n\n## Part\nText", "Title", "## Part\nText"),
        ("a.TXT", b"plain \x00 words", "", "plain  words"),
    ],
)
def test_every_kind_is_read(name: str, content: bytes, title: str, text: str) -> None:
    assert read_file(name, content) == (title, text)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", b"no pdf"),
        ("a.docx", b"PK\x03\x04broken"),
        ("a.txt", b"  \n"),
        ("a.exe", b"MZ"),
        ("a.html", b"<p></p>"),
    ],
)
def test_what_cannot_be_read_says_why(name: str, content: bytes) -> None:
    with pytest.raises(UnreadablePage, match=r"cannot be read|no text"):
        read_file(name, content)


def test_it_is_read_in_another_process() -> None:
    assert read_apart("a.md", b"# Title\n\nText") == ("Title", "Text")
    with pytest.raises(UnreadablePage, match="cannot be read"):
        read_apart("a.pdf", b"no pdf")


def test_a_bomb_ends_that_process_and_not_ours() -> None:
    with pytest.raises(UnreadablePage, match=r"damaged, or too large|cannot be read|not be read within"):
        read_apart("a.docx", zip_bomb())


def zip_bomb() -> bytes:
    whole, made = zipfile.ZipFile(io.BytesIO(a_docx())), io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name in whole.namelist():
            if name != "word/document.xml":
                file.writestr(name, whole.read(name))
        body = (
            b'<w:p xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:r><w:t>x</w:t></w:r></w:p>'
        )
        head = whole.read("word/document.xml").partition(b"<w:body>")[0]
        file.writestr("word/document.xml", head + b"<w:body>" + body * 20_000_000 + b"</w:body></w:document>")
    return made.getvalue()


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, headers, body = {
            "/rules": (200, {"Content-Type": "text/html; charset=utf-8"}, HTML),
            "/moved": (302, {"Location": "/rules"}, b""),
            "/inside": (302, {"Location": "http://169.254.169.254/latest"}, b""),
            "/round": (302, {"Location": "/round"}, b""),
            "/gone": (404, {}, b""),
            "/mailto": (302, {"Location": "mailto:x@y"}, b""),
            "/packed": (200, {"Content-Type": "text/html", "Content-Encoding": "gzip, gzip"}, b"x"),
            "/big": (200, {"Content-Type": "text/html"}, b"x" * 6_000_000),
        }[self.path]
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def site() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_web_page_is_fetched_where_the_settings_allow_it(site: str) -> None:
    for path in ("/rules", "/moved"):
        assert fetch(site + path, ["127.0.0.1"]) == ("page.html", HTML)
    with pytest.raises(OutOfReach):
        fetch(site + "/rules")


@pytest.mark.parametrize(
    ("path", "why"),
    [("/gone", "404"), ("/round", "too often"), ("/big", "5 MB"), ("/packed", "packed form"), ("/mailto", "no answer")],
)
def test_what_cannot_be_fetched_says_why(site: str, path: str, why: str) -> None:
    with pytest.raises((UnreadablePage, OutOfReach), match=f"{why}|begins with"):
        fetch(site + path, ["127.0.0.1"])


def test_a_redirect_into_the_own_network_is_not_followed(site: str) -> None:
    with pytest.raises(OutOfReach):
        fetch(site + "/inside", ["127.0.0.1"])
