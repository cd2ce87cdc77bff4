r"""Odd mails beside what a careful person and the RFCs read in them. Run: writes odd/<name>.eml and odd/<name>.json.

The tables say, chapter by chapter, what is odd; everything else in a mail is the same plain head. All names and words
are invented. A JSON names only what is certain: exact fields, `…_has` and `…_lacks` for words inside a field,
`attachments` as [name, type, size] where null means "whatever" and "*.pdf" means "ends in .pdf".

In these strings a line ends in \n and becomes CRLF; raw bytes that are no UTF-8 are written with `as_bytes`.
smime.json holds what a throw-away key signed (its own `inner`): DER, a detached signature, encrypted, BER in chunks.
"""

import base64
import json
import random
import shutil
import struct
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "odd"
PLAIN = {
    "From": "Vera Holm <vera@holm.example>",
    "To": "desk@hallside.example",
    "Subject": "Hello",
    "Message-ID": "<{name}@holm.example>",
    "Date": "Thu, 14 May 2026 09:12:00 +0200",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Transfer-Encoding": "8bit",
}
SENT = "2026-05-14T09:12:00+02:00"
RECEIVED = (
    "Received: from mx.hallside.example by in.hallside.example; Thu, 14 May 2026 09:13:00 +0200\n"
    "Received: from out.holm.example by mx.hallside.example; Thu, 14 May 2026 09:02:00 +0200"
)
Expected = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n, or so it says"
SMIME = {k: base64.b64decode(v) for k, v in json.loads((Path(__file__).parent / "smime.json").read_text()).items()}

cases: dict[str, tuple[bytes, Expected]] = {}


def as_bytes(text: str, codec: str) -> str:
    """The text in another charset, hidden in a string."""
    return text.encode(codec).decode("utf-8", "surrogateescape")


def wire(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape").replace(b"\n", b"\r\n")


def raw(name: str, content: str | bytes, **expected: Any) -> None:
    assert name not in cases, name
    cases[name] = (wire(content), {key: value for key, value in expected.items() if value is not ...})


def mail(name: str, body: str | bytes = "Some words.", head: str = "", *, without: str = "", **expected: Any) -> None:
    """A plain mail, its headers replaced by those in `head`; what a plain head says is expected too."""
    left = {line.split(":")[0].strip().lower() for line in head.split("\n") if line[:1] not in " \t"}
    left |= set(without.lower().split())
    plain = {key: value.format(name=name) for key, value in PLAIN.items() if key.lower() not in left}
    meant: Expected = {"kind": "person"}
    if "From" in plain:
        meant |= {"from_email": "vera@holm.example", "from_name": "Vera Holm"}
    meant |= {"to": ["desk@hallside.example"]} if "To" in plain else {}
    meant |= {"subject": "Hello"} if "Subject" in plain else {}
    meant |= {"message_id": f"{name}@holm.example"} if "Message-ID" in plain else {}
    meant |= {"date": SENT} if "Date" in plain else {}
    lines = [head] * bool(head) + [f"{key}: {value}" for key, value in plain.items()]
    raw(name, wire("\n".join([*lines, "", ""])) + wire(body), **(meant | expected))


def part(type_: str, body: str, *headers: str) -> str:
    return "\n".join([f"Content-Type: {type_}", *headers, "", body])


def file(type_: str, content: bytes, *headers: str) -> str:
    body = base64.encodebytes(content).decode().rstrip("\n")
    return part(type_, body, "Content-Transfer-Encoding: base64", *headers)


def multi(kind: str, *parts: str, boundary: str = "", more: str = "") -> str:
    boundary = boundary or f"b_{kind}"
    inside = "".join(f"--{boundary}\n{one}\n" for one in parts)
    return f'Content-Type: multipart/{kind}; boundary="{boundary}"{more}\n\n{inside}--{boundary}--\n'


def mime(name: str, entity: str, head: str = "", **expected: Any) -> None:
    top, _, body = entity.partition("\n\n")
    mail(name, body, f"{head}\n{top}".strip("\n"), **expected)


def only(field: str, read: object) -> Expected:
    return {field: read}


def with_text(*parts: str) -> str:
    return multi("mixed", TEXT, *parts)


def words(text: str, codec: str = "utf-8", way: str = "b") -> str:
    return f"=?{codec}?{way}?{base64.b64encode(text.encode(codec)).decode()}?="


TEXT = part("text/plain; charset=utf-8", "See the plan.", "Content-Transfer-Encoding: 8bit")
HTML = part("text/html; charset=utf-8", "<p>See the <b>plan</b>.</p>")
HALLO = base64.b64encode(b"hallo").decode()


def charsets() -> None:
    for name, charset, codec, text in [
        ("latin1", "iso-8859-1", "latin-1", "Schöne Grüße aus dem Süden"),
        ("latin9", "ISO-8859-15", "iso8859-15", "Für 20 € ein Œuvre"),
        ("latin1_that_is_1252", "iso-8859-1", "cp1252", "Das „Angebot“ – 20 €"),
        ("latin2", "iso-8859-2", "iso8859-2", "Prosím o změnu hesla, děkuji"),
        ("windows1250", "windows-1250", "cp1250", "Dzień dobry, proszę o zwrot części pieniędzy"),
        ("windows1251", "windows-1251", "cp1251", "Здравствуйте, хочу отменить урок"),
        ("windows1252", "Windows-1252", "cp1252", "Preis: 20 € – „gut“"),
        ("windows1253", "windows-1253", "cp1253", "Καλημέρα, θέλω να ακυρώσω το μάθημα"),
        ("windows1254", "windows-1254", "cp1254", "Merhaba, şifremi unuttum, yardım eder misiniz"),
        ("windows1256", "windows-1256", "cp1256", "أريد إلغاء الدرس"),
        ("windows874", "windows-874", "cp874", "ลืมรหัสผ่าน"),
        ("hebrew_logical", "iso-8859-8-i", "iso8859-8", "שלום, אני רוצה לבטל"),
        ("koi8r", "koi8-r", "koi8-r", "Забыл пароль, помогите"),
        ("shift_jis", "Shift_JIS", "cp932", "パスワードを忘れました①"),
        ("x_sjis", "x-sjis", "shift_jis", "明日のレッスン"),
        ("euc_jp", "euc-jp", "euc-jp", "明日のレッスンを取り消したい"),
        ("euc_kr", "EUC-KR", "euc-kr", "비밀번호를 잊어버렸어요"),
        ("korean_beyond_euc", "ks_c_5601-1987", "cp949", "뷁 코트를 예약해 주세요"),
        ("gb2312", "gb2312", "gb2312", "我想取消明天的课"),
        ("gb2312_that_is_gbk", "gb2312", "gbk", "请找朱镕先生"),
        ("gb18030", "GB18030", "gb18030", "我想取消明天的课㐀"),
        ("big5", "big5", "big5", "我忘記密碼了"),
        ("macintosh", "macintosh", "mac_roman", "Schöne Grüße"),
        ("utf8_with_bom", "utf-8", "utf-8-sig", "Schöne Grüße"),
        ("iso2022jp", "ISO-2022-JP", "iso2022-jp", "明日のレッスンを取り消したいです"),
        ("utf7", "utf-7", "utf-7", "Käse für 3 Euro"),
    ]:
        head = f"Content-Type: text/plain; charset={charset}"
        mail(f"charset_{name}", text.encode(codec), head, text=text, problems=False)
    for codec in ["utf-16", "utf-16-le", "utf-16-be"]:
        head = f"Content-Type: text/plain; charset={codec.replace('-le', 'le').replace('-be', 'be')}\n"
        body = base64.encodebytes("Größe 42\r\nDanke".encode(codec))
        mail(f"charset_{codec}", body.decode(), head + "Content-Transfer-Encoding: base64", text="Größe 42\nDanke")
    for name, stated, codec, text in [
        ("utf8_said_to_be_latin1", "text/plain; charset=iso-8859-1", "utf-8", "Größe 42, Straße 7"),
        ("utf8_said_to_be_1252", "text/plain; charset=windows-1252", "utf-8", "Größe 42 für 20 €"),
        ("utf8_said_to_be_ascii", "text/plain; charset=us-ascii", "utf-8", "Größe 42"),
        ("latin1_said_to_be_utf8", "text/plain; charset=utf-8", "latin-1", "Größe 42, Straße 7"),
        ("1252_said_to_be_utf8", "text/plain; charset=utf-8", "cp1252", "Das „Angebot“ – 20 €"),
        ("latin1_said_to_be_ascii", "text/plain; charset=us-ascii", "latin-1", "Größe 42"),
        ("unknown_name_utf8", "text/plain; charset=x-frobnicate", "utf-8", "Größe 42"),
        ("unknown_name_latin1", "text/plain; charset=unknown-8bit", "latin-1", "Größe 42"),
        ("none_stated_utf8", "text/plain", "utf-8", "Größe 42"),
        ("none_stated_latin1", "text/plain", "latin-1", "Größe 42"),
        ("python_spelling", "text/plain; charset=UTF_8", "utf-8", "Größe 42"),
        ("single_quotes", "text/plain; charset='iso-8859-2'", "iso8859-2", "Děkuji"),
        ("quotes_and_space", 'text/plain; charset=" utf-8 " ;', "utf-8", "Größe 42"),
        ("html_meta_only", "text/html", "cp1251", '<meta charset="windows-1251"><p>Хочу отменить урок</p>'),
    ]:
        said = "Хочу отменить урок" if "<" in text else text
        mail(f"charset_{name}", text.encode(codec), f"Content-Type: {stated}", text=said)
    stray = b"Gr\xc3\xb6\xc3\x9fe 42 \xff am Stra\xc3\x9fentor"
    mail("charset_one_stray_byte", stray, text_has=["Größe 42", "Straßentor"], problems=True)
    mail("charset_cut_in_a_character", b"Bis morgen, sch\xc3\xb6ne Gr\xc3", text_has=["Bis morgen, schöne Gr"])
    mail("charset_lone_surrogates", b"before \xed\xa0\x80 after", text_has=["before", "after"])
    mail("charset_nul_bytes", b"be\x00fore\r\n\x00\x00after", text_has=["after"], text_lacks=["\x00"])
    mail("charset_none_at_all", "Größe 42", without="content-type content-transfer-encoding", text="Größe 42")


def encoded_words() -> None:
    for name, value, subject in [
        ("adjacent", "=?utf-8?q?Kurs_am?= =?utf-8?q?_Montag?=", "Kurs am Montag"),
        ("adjacent_folded", "=?utf-8?q?Kurs_am?=\n =?utf-8?q?_Montag?=", "Kurs am Montag"),
        ("beside_plain_text", "Re: =?utf-8?q?Gr=C3=B6=C3=9Fe?= heute", "Re: Größe heute"),
        ("split_in_a_character_q", "=?utf-8?q?Gr=C3?= =?utf-8?q?=B6=C3=9Fe?=", "Größe"),
        ("split_in_a_character_b", "=?utf-8?b?R3LD?=\n =?utf-8?b?tsOfZQ==?=", "Größe"),
        ("no_space_between", "=?utf-8?q?Kurs?==?utf-8?q?_heute?=", "Kurs heute"),
        ("glued_to_a_word", "Re:=?utf-8?q?Gr=C3=B6=C3=9Fe?=", "Re:Größe"),
        ("wrong_padding", "=?utf-8?b?R3LDtsOfZQ?=", "Größe"),
        ("upper_and_lower", "=?UTF-8?Q?Gr=c3=b6=C3=9fe?= =?utf-8?B?IDQy?=", "Größe 42"),
        ("language", "=?utf-8*de-CH?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("underscore", "=?iso-8859-1?q?a_b=5Fc=20d?=", "a b_c d"),
        ("space_inside", "=?utf-8?q?Gr=C3=BC=C3=9Fe aus Lund?=", "Grüße aus Lund"),
        ("decoded_only_once", words("=?utf-8?q?Ja=3F?="), "=?utf-8?q?Ja=3F?="),
        ("broken_escape", "=?utf-8?q?50=ZZ_off?=", "50=ZZ off"),
        ("unknown_charset", "=?x-frobnicate?q?Hallo_Welt?=", "Hallo Welt"),
        ("utf8_said_to_be_latin1", "=?iso-8859-1?q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        ("latin1_said_to_be_utf8", "=?utf-8?q?Gr=F6=DFe?=", "Größe"),
        ("latin1_that_is_1252", "=?iso-8859-1?q?=84Hallo=93?=", "„Hallo“"),
        ("japanese", words("明日のレッスン", "iso-2022-jp", "B"), "明日のレッスン"),
        ("gbk", "=?gb2312?B?" + base64.b64encode("朱镕先生".encode("gbk")).decode() + "?=", "朱镕先生"),
        ("koi8r_and_utf8", words("Урок", "koi8-r") + " " + words(" – Größe"), "Урок – Größe"),
        ("empty", "=?utf-8?q??= Kurs", "Kurs"),
        ("never_ends", "=?utf-8?q?Gr=C3=B6=C3=9Fe", "=?utf-8?q?Gr=C3=B6=C3=9Fe"),
        ("question_marks", "Was? =?= Wie ?=", "Was? =?= Wie ?="),
        ("line_end_inside", "=?utf-8?q?Kurs=0D=0ABcc:_spy@other.example?=", "Kurs Bcc: spy@other.example"),
        ("line_separator_inside", words("Kurs\u2028heute"), "Kurs heute"),
        ("raw_utf8", "Größe 42", "Größe 42"),
        ("raw_latin1", as_bytes("Größe 42", "latin-1"), "Größe 42"),
        ("raw_beside_encoded", "Größe =?utf-8?q?f=C3=BCr?= Jörg", "Größe für Jörg"),
        ("nul_and_bell", "Kurs\x00 am\x07 Montag", ...),
    ]:
        mail(f"word_{name}", head=f"Subject: {value}", subject=subject)
    russian = "Забыл пароль".encode("koi8-r")
    head = f"Subject: {as_bytes('Забыл пароль', 'koi8-r')}\nContent-Type: text/plain; charset=koi8-r"
    mail("word_raw_in_the_charset_of_the_body", russian, head, subject="Забыл пароль")
    for name, value, email, shown in [
        ("name", "=?utf-8?q?J=C3=BCrgen_Ott?= <j@ott.example>", "j@ott.example", "Jürgen Ott"),
        ("name_in_quotes", '"=?utf-8?q?J=C3=BCrgen_Ott?=" <j@ott.example>', "j@ott.example", "Jürgen Ott"),
        ("comma_in_the_name", "=?utf-8?q?Ott=2C_J=C3=BCrgen?= <j@ott.example>", "j@ott.example", "Ott, Jürgen"),
        ("address_in_the_name", words("Boss <boss@other.example>") + " <j@ott.example>", "j@ott.example", ...),
        ("whole_from", words("Jürgen Ott <j@ott.example>"), "j@ott.example", "Jürgen Ott"),
        ("name_raw_latin1", as_bytes("Jürgen Ott", "latin-1") + " <j@ott.example>", "j@ott.example", "Jürgen Ott"),
        ("name_raw_utf8", "Jürgen Ott <j@ott.example>", "j@ott.example", "Jürgen Ott"),
        ("comment", "j@ott.example (=?utf-8?q?J=C3=BCrgen?= Ott)", "j@ott.example", "Jürgen Ott"),
        ("two_words", "=?utf-8?q?J=C3=BCr?=\n =?utf-8?q?gen?= Ott <j@ott.example>", "j@ott.example", "Jürgen Ott"),
    ]:
        mail(f"word_from_{name}", head=f"From: {value}", from_email=email, from_name=shown)
    listed = f"To: {words('Büro, Halle <x@y.example>')} <desk@hallside.example>, =?utf-8?q?K=C3=A4the?= <k@ott.example>"
    mail("word_to_comma_in_a_name", head=listed, to=["desk@hallside.example", "k@ott.example"])


def folding_and_lines() -> None:
    for name, head, field, read in [
        ("space", "Subject: One\n two", "subject", "One two"),
        ("tab", "Subject: One\n\ttwo", "subject", "One two"),
        ("empty_first_line", "Subject:\n One two", "subject", "One two"),
        ("line_of_spaces", "Subject: One\n   \n two", "subject", "One two"),
        ("inside_from", 'From: "Vera\n Holm"\n <vera@holm.example>', "from_name", "Vera Holm"),
        ("message_id", "Message-ID:\n <long.id.7@holm.example>", "message_id", "long.id.7@holm.example"),
        ("comment_in_to", "To: desk@hallside.example (the\n desk, (really))", "to", ["desk@hallside.example"]),
        ("references", "References: <a@x.example>\n\t<b@x.example>", "references", ["a@x.example", "b@x.example"]),
        ("upper_case_names", "SUBJECT: One\nfrom: Ola <ola@lind.example>", "from_email", "ola@lind.example"),
        ("space_before_colon", "Subject : One", "subject", "One"),
        ("no_space_after_colon", "Subject:One", "subject", "One"),
        ("line_without_colon", "Subject: One\nthis line is no header at all", "subject", "One"),
    ]:
        mail(f"fold_{name}", head=head, **only(field, read))
    whole = (
        "From: Vera Holm <vera@holm.example>\nTo: desk@hallside.example\nSubject: Ends\nMessage-ID: <e@holm.example>\n"
        "Date: Thu, 14 May 2026 09:12:00 +0200\nContent-Type: text/plain; charset=utf-8\n\nGröße 42\nDanke\n"
    )
    plain = whole.encode()
    said: Expected = {"from_email": "vera@holm.example", "subject": "Ends", "message_id": "e@holm.example"}
    said |= {"date": SENT, "kind": "person", "text": "Größe 42\nDanke"}
    top, _, body = plain.partition(b"\n\n")
    raw("ends_lf", plain, **said)
    raw("ends_cr", plain.replace(b"\n", b"\r"), **said)
    raw("ends_head_crlf_body_lf", top.replace(b"\n", b"\r\n") + b"\r\n\r\n" + body, **said)
    raw("ends_head_lf_body_crlf", top + b"\n\n" + body.replace(b"\n", b"\r\n"), **said)
    mixed = [line + (b"\r\n", b"\n")[n % 2] for n, line in enumerate(plain.split(b"\n"))]
    raw("ends_every_line_another", b"".join(mixed), **said)
    raw("ends_cr_cr_lf", plain.replace(b"\n", b"\r\r\n"), subject="Ends", from_email="vera@holm.example")
    raw("ends_cr_inside_body", whole.replace("42\n", "42\r"), **said)
    raw("ends_no_last_line_end", plain.rstrip(), **said)
    raw("starts_with_mbox_line", b"From vera@holm.example Thu May 14 09:12:00 2026\n" + plain, **said)
    raw("starts_with_blank_lines", "\n\n" + whole, **said)
    raw("starts_with_bom", b"\xef\xbb\xbf" + plain, **said)
    raw("starts_with_indented_line", " odd continuation\n" + whole, **said)
    raw("only_headers", top + b"\n", **(said | {"text": "", "said": "", "attachments": []}))
    raw("only_a_body", "\nJust words.\n", text="Just words.", from_email="", problems=True)
    raw("empty", b"", text="", from_email="", subject="", to=[], attachments=[], readable=False, problems=True)
    raw("binary_rubbish", random.Random(7).randbytes(3000), from_email="", problems=True)
    raw("only_nul", b"\x00" * 500, from_email="", readable=False)


def missing_and_ids() -> None:
    mail("missing_message_id", without="message-id", message_id_has=["@missing.invalid"])
    mail("missing_date", head=RECEIVED, without="date", date="2026-05-14T09:13:00+02:00")
    mail("missing_date_and_received", without="date", problems=True)
    mail("missing_from", without="from", from_email="", from_name="", problems=True)
    mail("missing_subject", without="subject", subject="", text="Some words.")
    mail("missing_to", without="to", to=[], cc=[])
    mail("missing_nearly_all", without="from to subject message-id date", from_email="", text="Some words.")
    one, two = "a@x.example", "b@x.example"
    for name, head, field, read in [
        ("empty", "Message-ID: ", "message_id_has", ["@missing.invalid"]),
        ("empty_brackets", "Message-ID: <>", "message_id_has", ["@missing.invalid"]),
        ("no_brackets", "Message-ID: plain.7@holm.example", "message_id", "plain.7@holm.example"),
        ("case_is_kept", "Message-Id: <AbC.7@Holm.Example>", "message_id", "AbC.7@Holm.Example"),
        ("comment", "Message-ID: <c7@holm.example> (added by relay)", "message_id", "c7@holm.example"),
        ("reply_with_words", 'In-Reply-To: Your mail of "Monday" <a@x.example>', "in_reply_to", one),
        ("references_glued", "References: <a@x.example><b@x.example>", "references", [one, two]),
        ("references_commas", "References: <a@x.example>, <b@x.example>", "references", [one, two]),
        ("references_no_brackets", "References: a@x.example b@x.example", "references", [one, two]),
        ("no_references", "X-Nothing: 1", "references", []),
        ("encoded_id", "In-Reply-To: =?utf-8?q?=3Ca=40x=2Eexample=3E?=", "in_reply_to", one),
    ]:
        mail(f"id_{name}", head=head, **only(field, read))


def addresses() -> None:
    v = "vera@holm.example"
    for name, value, email, shown in [
        ("bare", "vera@holm.example", v, ...),
        ("upper_case", "VERA HOLM <VERA@HOLM.EXAMPLE>", v, "VERA HOLM"),
        ("comment", "vera@holm.example (Vera Holm)", v, "Vera Holm"),
        ("comments_everywhere", "Vera (the) Holm <vera(x)@(y)holm.example>", v, ...),
        ("several", "Vera <v@x.example>, Ola <o@x.example>", "", "Vera <v@x.example>, Ola <o@x.example>"),
        ("group", "Both: vera@holm.example, ola@lind.example;", "", "Both: vera@holm.example, ola@lind.example;"),
        ("group_of_one", "Holm: Vera <vera@holm.example>;", v, ...),
        ("empty_group", "undisclosed:;", "", ...),
        ("address_as_name", '"boss@other.example" <vera@holm.example>', v, "boss@other.example"),
        ("its_address_as_bare_name", "vera@holm.example <vera@holm.example>", v, ...),
        ("brackets_in_name", '"Boss <boss@other.example>" <vera@holm.example>', v, "Boss <boss@other.example>"),
        ("escaped_quotes", r'"Vera \"Vee\" Holm" <vera@holm.example>', v, 'Vera "Vee" Holm'),
        ("dots_in_name", "Vera P. Holm <vera@holm.example>", v, "Vera P. Holm"),
        ("bare_comma_in_name", "Holm, Vera <vera@holm.example>", v, ...),
        ("quoted_comma_in_name", '"Holm, Vera" <vera@holm.example>', v, "Holm, Vera"),
        ("route", "Vera Holm <@relay.example,@mx.example:vera@holm.example>", v, "Vera Holm"),
        ("bracket_never_closed", "Vera Holm <vera@holm.example", v, "Vera Holm"),
        ("double_brackets", "Vera Holm <<vera@holm.example>>", v, "Vera Holm"),
        ("spaces_in_brackets", "Vera Holm < vera@holm.example >", v, "Vera Holm"),
        ("quote_never_closed", '"Vera Holm <vera@holm.example>', v, ...),
        ("colon_in_name", "Vera: Holm <vera@holm.example>", v, ...),
        ("quoted_local_part", '"vera holm"@holm.example', '"vera holm"@holm.example', ...),
        ("plus_and_apostrophe", "V. O'Holm <v.o'holm+desk@holm.example>", "v.o'holm+desk@holm.example", "V. O'Holm"),
        ("international", "Vera <vera@hölm.example>", "vera@hölm.example", "Vera"),
        ("name_only", "Vera Holm", "", "Vera Holm"),
        ("empty", "", "", ""),
        ("empty_brackets", "Vera Holm <>", "", ...),
        ("semicolon_list", "vera@holm.example; ola@lind.example", "", ...),
        ("three", "a@x.example,b@x.example,c@x.example", "", "a@x.example,b@x.example,c@x.example"),
        ("nul_in_name", "Vera\x00 Holm <vera@holm.example>", v, ...),
    ]:
        mail(f"from_{name}", head=f"From: {value}", from_email=email, from_name=shown)
    mail("from_twice", head="From: Vera <v@x.example>\nFrom: Ola <o@x.example>", from_email="", problems=True)
    mail("from_twice_with_sender", head="From: a@x.example, b@x.example\nSender: b@x.example", from_email="")
    mail("from_address_as_bare_name", head="From: boss@x.example <vera@holm.example>", from_email_lacks=["boss"])
    a, b, desk = "a@x.example", "b@x.example", "desk@hallside.example"
    for name, head, field, read in [
        ("reply_to_two", "Reply-To: Ann <A@X.example>, b@x.example", "reply_to", a),
        ("reply_to_group", "Reply-To: Holm: a@x.example, b@x.example;", "reply_to", a),
        ("reply_to_empty", "Reply-To: ", "reply_to", ""),
        ("to_group", "To: desk@hallside.example, Team: A <a@x.example>, B@x.example;", "to", [desk, a, b]),
        ("to_undisclosed", "To: undisclosed-recipients:;", "to", []),
        ("to_empty_places", "To: , desk@hallside.example,, ,b@x.example,", "to", [desk, b]),
        ("to_twice", "To: a@x.example\nTo: b@x.example", "to", [a, b]),
        ("cc_list", 'Cc: "A, B" <a@x.example>,\n b@x.example (c, d)', "cc", [a, b]),
    ]:
        mail(f"address_{name}", head=head, **only(field, read))


def dates() -> None:
    for name, value, read in [
        ("no_zone", "Thu, 14 May 2026 09:12:00", "2026-05-14T09:12:00+00:00"),
        ("minus_zero", "Thu, 14 May 2026 09:12:00 -0000", "2026-05-14T09:12:00+00:00"),
        ("two_digit_year", "14 May 26 09:12:00 +0200", SENT),
        ("two_digit_year_past", "14 May 99 09:12:00 +0200", "1999-05-14T09:12:00+02:00"),
        ("three_digit_year", "14 May 126 09:12:00 +0200", SENT),
        ("wrong_weekday", "Mon, 14 May 2026 09:12:00 +0200", SENT),
        ("year_9999", "Fri, 31 Dec 9999 23:59:59 +0000", ...),
        ("year_9999_west", "Fri, 31 Dec 9999 23:59:59 -1200", ...),
        ("year_1_east", "Mon, 1 Jan 0001 00:00:00 +1400", ...),
        ("year_99999", "Thu, 14 May 99999 09:12:00 +0200", ...),
        ("rfc850", "Thursday, 14-May-26 09:12:00 GMT", "2026-05-14T09:12:00+00:00"),
        ("asctime", "Thu May 14 09:12:00 2026", "2026-05-14T09:12:00+00:00"),
        ("iso", "2026-05-14T09:12:00+02:00", SENT),
        ("zone_name", "Thu, 14 May 2026 09:12:00 EST", "2026-05-14T09:12:00-05:00"),
        ("comment", "Thu, 14 May 2026 09:12:00 +0200 (CEST)", SENT),
        ("no_seconds", "14 May 2026 09:12 +0200", SENT),
        ("full_month_name", "Thursday, 14 May 2026 09:12:00 +0200", SENT),
        ("leap_second", "Tue, 30 Jun 2026 23:59:60 +0000", ...),
        ("folded_with_comments", "Thu (day),\n 14 (x) May 2026\n 09:12:00 +0200", SENT),
        ("half_hour_zone", "Thu, 14 May 2026 09:12:00 +0545", "2026-05-14T09:12:00+05:45"),
    ]:
        mail(f"date_{name}", head=f"Date: {value}", date=read)
    for name, value in [
        ("garbage", "yesterday evening"), ("empty", ""), ("no_such_day", "Mon, 31 Feb 2026 09:12:00 +0200"),
        ("no_such_hour", "Thu, 14 May 2026 29:72:00 +0200"), ("no_such_zone", "Thu, 14 May 2026 09:13:00 +9900"),
        ("huge_number", f"Thu, 14 May 2026 {'9' * 5000}:12:00 +0200"),
    ]:  # fmt: skip
        mail(f"date_{name}", head=f"Date: {value}\n{RECEIVED}", date_has=["2026-05-14T09:13:00"], problems=True)


def structure() -> None:
    image = file("image/png; name=logo.png", PNG, "Content-Disposition: inline", "Content-ID: <logo1@holm.example>")
    pdf = file("application/pdf", b"%PDF-1.4 plan", "Content-Disposition: attachment; filename=plan.pdf")
    page = part("text/html; charset=utf-8", '<p>See the plan.</p><img src="cid:logo1@holm.example">')
    said = {"text": "See the plan."}
    related = multi("related", page, image)
    full = multi("mixed", multi("alternative", TEXT, related), pdf)
    both = [["logo.png", "image/png", len(PNG)], ["plan.pdf", "application/pdf", 13]]
    mime("parts_nested", full, attachments=both, cids=["logo1@holm.example", ""], problems=False, **said)
    mime("parts_end_missing", full.replace("--b_mixed--", ""), attachments=both, **said)
    mime("parts_all_ends_missing", with_text(pdf).replace("--b_mixed--\n", ""), problems=True, **said)
    mime("parts_related_only", related, cids=["logo1@holm.example"], html_has=["cid:logo1"], **said)
    two = with_text(pdf)
    plan = [["plan.pdf", "application/pdf", 13]]
    no_boundary = two.replace('; boundary="b_mixed"', "")
    mime("boundary_missing", no_boundary, text_has=["See the plan."], problems=True)
    mime("boundary_empty", two.replace('"b_mixed"', '""').replace("--b_mixed", "--"), text_has=["See the plan."])
    mime("boundary_wrong", two.replace('"b_mixed"', '"other"'), text_has=["See the plan."], problems=True)
    mime("boundary_odd_signs", two.replace("b_mixed", "='()+_,-./:=? x"), attachments=plan, problems=False, **said)
    mime("boundary_trailing_spaces", two.replace("--b_mixed\n", "--b_mixed  \t\n"), attachments=plan, **said)
    longer, alike = (multi("alternative", TEXT, HTML, boundary=word) for word in ("bb", "b"))
    mime("boundary_begins_like_the_inner", multi("mixed", longer, pdf, boundary="b"), attachments=plan, **said)
    mime("boundary_the_same_inside", multi("mixed", alike, pdf, boundary="b"), text_has=["See the plan."])
    mime("boundary_of_100_characters", multi("mixed", TEXT, pdf, boundary="x" * 100), attachments=plan, **said)
    around = two.replace("\n\n", "\n\nYour program is too old.\n\n", 1) + "This is after the end.\n"
    mime("preamble_and_epilogue", around, attachments=plan, problems=False, **said)
    empty_plain = part("text/plain", "\n")
    mime("alternative_empty_plain", multi("alternative", empty_plain, HTML), attachments=[], **said)
    mime("alternative_html_first", multi("alternative", HTML, TEXT), html_has=["<b>plan</b>"], attachments=[], **said)
    mime("alternative_only_html", multi("alternative", HTML), problems=False, attachments=[], **said)
    two_texts = with_text(image, part("text/plain; charset=utf-8", "And the rest."))
    mime("mixed_text_image_text", two_texts, text_has=["See the plan.", "And the rest."], attachments=both[:1])
    mime("mixed_no_parts", multi("mixed"), text="", attachments=[])
    mime("mixed_unknown_subtype", multi("sundry", TEXT, pdf), attachments=plan, **said)
    notes = part("text/plain; charset=utf-8", "own notes", 'Content-Disposition: attachment; filename="notes.txt"')
    mime("text_as_attachment", with_text(notes), attachments=[["notes.txt", "text/plain", 9]], **said)
    saved = part("text/html", "<p>saved</p>", "Content-Disposition: attachment; filename=page.html")
    mime("html_as_attachment", with_text(saved), html="", attachments=[["page.html", "text/html", 12]], **said)
    shown, octets = [[None, "image/png", len(PNG)]], [["x.bin", "application/octet-stream", 3]]
    mime("only_an_image", file("image/png", PNG), text="", attachments=shown, readable=True)
    mime("only_octets", file("application/octet-stream; name=x.bin", bytes(3)), text="", attachments=octets)
    lesson = (
        "BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:7@holm.example\nDTSTART:20260601T080000Z\n"
        "SUMMARY:Lesson with Ola\nEND:VEVENT\nEND:VCALENDAR"
    )
    request = part('text/calendar; charset=utf-8; method="REQUEST"', lesson)
    wanted = [[None, "text/calendar", None]]
    mime("calendar_with_text", multi("alternative", TEXT, HTML, request), attachments=wanted, **said)
    mime("calendar_alone", request, attachments=wanted, readable=True)
    mime("calendar_with_empty_text", multi("alternative", empty_plain, request), attachments=wanted, readable=True)
    vcf = "BEGIN:VCARD\nVERSION:3.0\nFN:Vera Holm\nEND:VCARD"
    card = part("text/vcard", vcf, "Content-Disposition: attachment; filename=vera.vcf")
    mime("vcard", with_text(card), attachments=[["vera.vcf", "text/vcard", None]], **said)
    old_card = part("text/x-vcard; name=vera.vcf", vcf)
    mime("vcard_inline", with_text(old_card), attachments=[["vera.vcf", "text/x-vcard", None]], **said)
    inner = "From: Ola <ola@lind.example>\nSubject: Inner\nMessage-ID: <in@lind.example>\n\nInner secret words."
    forwarded = [[None, "message/rfc822", None]]
    for name, one in [
        ("attached", part("message/rfc822", inner, "Content-Disposition: attachment; filename=inner.eml")),
        ("inline", part("message/rfc822", inner)),
        ("base64", file("message/rfc822", inner.encode(), "Content-Disposition: attachment")),
    ]:
        mime(f"message_{name}", with_text(one), attachments=forwarded, said="See the plan.")
    digest = multi("digest", "\n" + inner, "\n" + inner.replace("Inner", "Second"))
    mime("digest", with_text(digest), attachments=forwarded * 2, said_lacks=["secret"])
    mime("partial", part('message/partial; id="p1"; number=1; total=2', "Subject: Half\n\nhalf of"), kind="person")
    elsewhere = part('message/external-body; access-type=URL; URL="https://x.example/"', "Content-Type: image/png\n")
    mime("external_body", with_text(elsewhere), **said)
    for name, type_ in [
        ("no_semicolon", "text/plain charset=utf-8"), ("no_subtype", "text"), ("only_a_slash", "/"), ("empty", ""),
        ("upper_case", "TEXT/PLAIN; CHARSET=UTF-8"), ("comment", "text/plain (words); charset=utf-8 (yes)"),
        ("semicolons", "text/plain;;; ; charset=utf-8;"), ("charset_twice", "text/plain; charset=utf-8; charset=utf-8"),
    ]:  # fmt: skip
        mail(f"type_{name}", "Größe 42", f"Content-Type: {type_}", text="Größe 42")
    mail("type_twice", "Größe 42", "Content-Type: text/plain; charset=utf-8\nContent-Type: text/plain", text="Größe 42")
    mime("type_without_mime_version", two, without="mime-version", attachments=plan, **said)


def encodings() -> None:
    text = "Größe 42 für die schöne Käthe"
    b64 = base64.b64encode(text.encode()).decode()
    for name, cte, body, read in [
        ("qp", "quoted-printable", "Gr=C3=B6=C3=9Fe=2042", "Größe 42"),
        ("qp_soft_breaks", "quoted-printable", "One li=\nne and =\nanother", "One line and another"),
        ("qp_space_after_soft_break", "quoted-printable", "One li=  \nne", "One line"),
        ("qp_broken_escapes", "quoted-printable", "50=ZZ =C3=B6 a=b =", "50=ZZ ö a=b"),
        ("qp_lower_case", "Quoted-Printable", "Gr=c3=b6=c3=9fe", "Größe"),
        ("qp_raw_8bit_inside", "quoted-printable", "Größe =C3=B6", "Größe ö"),
        ("qp_cut_off", "quoted-printable", "Hallo=C3", ...),
        ("b64_rubbish_inside", "base64", f"{b64[:10]} !\n\t{b64[10:17]}*\x01\n#{b64[17:]}", text),
        ("b64_one_long_line", "BASE64", b64, text),
        ("b64_no_padding", "base64", base64.b64encode(b"Hallo").decode().rstrip("="), "Hallo"),
        ("b64_odd_letter_at_end", "base64", base64.b64encode(b"Hallo!").decode() + "Q", "Hallo!"),
        ("b64_comment", "base64 (what else)", b64, text),
        ("b64_is_plain_text", "base64", "This was never encoded, sorry: 42!", "This was never encoded, sorry: 42!"),
        ("uuencode", "x-uuencode", "begin 644 text\n%2&%L;&\\\n`\nend", "Hallo"),
        ("unknown", "x-zipped", "Größe 42", "Größe 42"),
        ("is_a_charset", "utf-8", "Größe 42", "Größe 42"),
        ("misspelt", "8-bits", "Größe 42", "Größe 42"),
        ("empty", "", "Größe 42", "Größe 42"),
        ("seven_bit_lie", "7bit", "Größe 42", "Größe 42"),
        ("binary", "binary", "Größe 42", "Größe 42"),
    ]:
        mail(f"cte_{name}", body, f"Content-Transfer-Encoding: {cte}", text=read)
    footer = base64.encodebytes(b"Please book court 3.").decode() + "\n__________\nThe footer of a list - it is plain\n"
    mail("cte_b64_then_a_footer", footer, "Content-Transfer-Encoding: base64", text_has=["Please book court 3."])
    twice = base64.b64encode(b"First.").decode() + "\n" + base64.b64encode(b" Second").decode()
    mail("cte_b64_padded_in_the_middle", twice, "Content-Transfer-Encoding: base64", text_has=["First."])
    mime("cte_on_a_multipart", multi("mixed", TEXT), "Content-Transfer-Encoding: base64", text="See the plan.")
    flowed = "Content-Type: text/plain; charset=utf-8; format=flowed"
    for name, more, body, text in [
        ("plain", "", "This is a \nlong line.\nThis is another.", "This is a long line.\nThis is another."),
        ("delsp", "; delsp=yes", "Donaudampf \nschiff faehrt  \nheute.", "Donaudampfschiff faehrt heute."),
        ("stuffed", "", " From here\n > no quote", "From here\n> no quote"),
        ("fixed", "; x=1", "Ends without space\nnext", "Ends without space\nnext"),
    ]:
        mail(f"flowed_{name}", body, flowed + more, text=text)
    quoted = "> A quoted \n> line.\nMy answer \nis yes.\n\n-- \nVera"
    both = ["> A quoted line.\nMy answer is yes.\n"]
    mail("flowed_quoted_and_signed", quoted, flowed, text_has=both, said="My answer is yes.")
    mail("flowed_depths_differ", ">> deep \n> less\nown", flowed, text_lacks=["deep less", "less own"], said="own")


def containers() -> None:
    text = "Das Flutlicht geht nicht, schöne Grüße"
    lamps = [["lamps.csv", "text/csv", 9]]
    disposed = "Content-Disposition: attachment; filename=smime.p7m"
    for name, type_, key in [
        ("opaque", "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", "opaque"),
        ("opaque_x", "application/x-pkcs7-mime; name=smime.p7m", "opaque"),
        ("opaque_in_chunks", "application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", "streamed"),
    ]:
        mime(f"smime_{name}", file(type_, SMIME[key], disposed), text=text, attachments_has=lamps)
    enveloped = file("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", SMIME["enveloped"], disposed)
    locked = [["smime.p7m", "application/pkcs7-mime", len(SMIME["enveloped"])]]
    mime("smime_encrypted", enveloped, attachments=locked, problems=True)
    damaged = file("application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", SMIME["opaque"][:700], disposed)
    mime("smime_damaged", damaged, problems=True)
    disposed = "Content-Disposition: attachment; filename=smime.p7s"
    signature = file("application/pkcs7-signature; name=smime.p7s", SMIME["detached"], disposed)
    signed = multi("signed", "INNER", signature, more='; protocol="application/pkcs7-signature"; micalg=sha-256')
    inner = SMIME["inner"].decode().replace("\r\n", "\n")
    mime("smime_detached", signed.replace("INNER", inner), text=text, attachments_has=lamps, problems=False)
    armour = "-----BEGIN PGP SIGNATURE-----\n\niHUEARYKAB0WIQQinvented\n=Ab3d\n-----END PGP SIGNATURE-----"
    pgp = part("application/pgp-signature; name=signature.asc", armour)
    signed = multi("signed", TEXT, pgp, more='; protocol="application/pgp-signature"; micalg=pgp-sha512')
    mime("pgp_signed", signed, text="See the plan.", problems=False)
    secret = "-----BEGIN PGP MESSAGE-----\n\nhQEMAinventedinventedinvented\n=9xYz\n-----END PGP MESSAGE-----"
    sealed = multi(
        "encrypted",
        *(
            part("application/pgp-encrypted", "Version: 1"),
            part("application/octet-stream; name=encrypted.asc", secret),
        ),
        more='; protocol="application/pgp-encrypted"',
    )
    mime("pgp_encrypted", sealed, attachments_has=[["encrypted.asc", "application/octet-stream", None]])
    inline = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nPlease cancel my lesson.\n{armour}\n"
    mail("pgp_inline_signed", inline, said_has=["Please cancel my lesson."], said_lacks=["iHUEARYKAB0"])
    mail("pgp_inline_encrypted", secret, text_has=["BEGIN PGP MESSAGE"])

    def attribute(level: int, id_: int, data: bytes) -> bytes:
        return struct.pack("<BII", level, id_, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)

    def prop(type_: int, id_: int, data: bytes) -> bytes:
        return struct.pack("<HHII", type_, id_, 1, len(data)) + data + b"\x00" * (-len(data) % 4)

    start = struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x00089006, struct.pack("<I", 0x10000))
    start += attribute(1, 0x00069007, struct.pack("<II", 1252, 0)) + attribute(1, 0x00078008, b"IPM.Note\0")
    attached = attribute(2, 0x00069002, bytes(14)) + attribute(2, 0x00018010, b"PLAN~1.TXT\0")
    attached += attribute(2, 0x0006800F, b"court plan")
    simple = start + attribute(1, 0x0002800C, "Schöne Größe\0".encode("cp1252")) + attached
    unicode_body = prop(0x001F, 0x1000, "Größe 42 Łódź\0".encode("utf-16-le"))
    rich = start + attribute(1, 0x00069003, struct.pack("<I", 1) + unicode_body) + attached
    long_name = prop(0x001F, 0x3707, "plan für morgen.txt\0".encode("utf-16-le"))
    rich += attribute(2, 0x00069005, struct.pack("<I", 1) + long_name)
    dat = "Content-Disposition: attachment; filename=winmail.dat"
    tnef = "application/ms-tnef; name=winmail.dat"
    same = start + attribute(1, 0x0002800C, b"See the plan.\0") + attached
    plan = [["PLAN~1.TXT", None, 10]]
    mime("tnef_alone", file(tnef, simple, dat), text="Schöne Größe", attachments=plan)
    mime("tnef_unicode", file(tnef, rich, dat), text="Größe 42 Łódź", attachments=[["plan für morgen.txt", None, 10]])
    mime("tnef_beside_text", with_text(file(tnef, simple, dat)), text_has=["See the plan."], attachments=plan)
    mime("tnef_beside_the_same_text", with_text(file(tnef, same, dat)), text="See the plan.", attachments=plan)
    octets = file("application/octet-stream; name=winmail.dat", simple, dat)
    mime("tnef_as_octets", with_text(octets), text_has=["See the plan."], attachments_has=plan)
    cut, endless = file(tnef, simple[:-20], dat), start + b"\x01" + b"\xff" * 8
    mime("tnef_damaged_cut", with_text(cut), text_has=["See the plan."], problems=True)
    for name, content in [("rubbish", b"not a tnef at all"), ("huge_length", endless), ("empty", b"")]:
        kept = [["winmail.dat", None, len(content)]]
        damaged = with_text(file(tnef, content, dat))
        mime(f"tnef_damaged_{name}", damaged, text="See the plan.", attachments=kept, problems=True)


def file_names() -> None:
    for name, line, read in [
        ("plain", 'filename="plan.txt"', "plan.txt"),
        ("no_quotes_with_space", "filename=my plan.txt", "my plan.txt"),
        ("semicolon_in_quotes", 'filename="a;b.txt"', "a;b.txt"),
        ("continued", 'filename*0="court-"; filename*1="plan.txt"', "court-plan.txt"),
        ("continued_out_of_order", 'filename*1="plan.txt"; filename*0="court-"', "court-plan.txt"),
        ("charset", "filename*=utf-8''Gr%C3%B6%C3%9Fe.txt", "Größe.txt"),
        ("charset_and_language", "filename*=iso-8859-1'de'Gr%F6%DFe.txt", "Größe.txt"),
        ("continued_in_a_character", "filename*0*=utf-8''Gr%C3; filename*1*=%B6%C3%9Fe; filename*2=.txt", "Größe.txt"),
        ("unknown_charset", "filename*=x-frob''plan%2Etxt", "plan.txt"),
        ("broken_percent", "filename*=utf-8''plan%ZZ.txt", "*.txt"),
        ("star_beside_plain", "filename=\"Gr__e.txt\"; filename*=utf-8''Gr%C3%B6%C3%9Fe.txt", "Größe.txt"),
        ("encoded_word", 'filename="=?utf-8?q?Gr=C3=B6=C3=9Fe=2Etxt?="', "Größe.txt"),
        ("encoded_words_folded", f'filename="{words("Größe ")}\n {words("und Maß.txt")}"', "Größe und Maß.txt"),
        ("encoded_word_bare", "filename==?iso-8859-1?b?R3L232UudHh0?=", "Größe.txt"),
        ("raw_utf8", 'filename="Größe.txt"', "Größe.txt"),
        ("raw_latin1", f'filename="{as_bytes("Größe", "latin-1")}.txt"', "Größe.txt"),
        ("windows_path", r'filename="C:\plans\court.txt"', "court.txt"),
        ("windows_path_escaped", r'filename="C:\\plans\\court.txt"', "court.txt"),
        ("upwards", 'filename="../../etc/passwd"', "passwd"),
        ("upwards_encoded", "filename*=utf-8''..%2F..%2Fetc%2Fpasswd", "passwd"),
        ("absolute", 'filename="/var/tmp/plan.txt"', "plan.txt"),
        ("dots_only", 'filename=".."', None),
        ("right_to_left", "filename*=utf-8''invoice%E2%80%AEtxt.exe", "*.exe"),
        ("control_characters", "filename*=utf-8''pl%07an%0D%0A%00.txt", "*.txt"),
        ("empty", 'filename=""', None),
        ("very_long", f'filename="{"plan" * 100}.txt"', "*.txt"),
        ("very_long_wide", "filename*=utf-8''" + "%E8%AA%B2" * 200 + ".txt", "*.txt"),
        ("twice", 'filename="plan.txt"; filename="plan.txt"', "plan.txt"),
    ]:
        one = file("application/octet-stream", b"hallo", f"Content-Disposition: attachment; {line}")
        read_as = [[read, "application/octet-stream", 5]]
        mime(f"file_{name}", with_text(one), text="See the plan.", attachments=read_as)
    for name, type_, disposition, read in [
        ("only_in_type", 'image/png; name="court.png"', "attachment", "court.png"),
        ("two_names", "image/png; name=wrong.png", "attachment; filename=court.png", "court.png"),
        ("image_without", "image/png", "attachment", None),
        ("unknown_disposition", "image/png", "x-strange; filename=court.png", "court.png"),
        ("no_disposition_word", "image/png", 'filename="court.png"', "court.png"),
        ("type_continued", "image/png; name*0*=utf-8''Gr%C3%B6; name*1*=%C3%9Fe.png", "attachment", "Größe.png"),
    ]:
        one = file(type_, b"hallo", f"Content-Disposition: {disposition}")
        mime(f"file_{name}", with_text(one), text="See the plan.", attachments=[[read, "image/png", 5]])


def pages() -> None:
    html = "Content-Type: text/html; charset=utf-8"
    for name, body, text in [
        ("paragraphs", "<p>One</p>\n\n<p>Two\nthree</p>", "One\n\nTwo three"),
        ("br", "one<br>two<br/>three", "one\ntwo\nthree"),
        ("entities", "<p>&auml; &euro; &#8211; &#x201E;x&rdquo; &amp;lt; 5 &lt; 6</p>", "ä € – „x” &lt; 5 < 6"),
        ("broken_entities", "<p>A&B &nosuch; &#xFFFFFFFF; 5 &lt 6</p>", ...),
        ("pre", "<pre>a    b\n  c</pre>", "a    b\n  c"),
        ("spaces", "<p>  One \n   two\t three </p>", "One two three"),
        ("inline_tags", "<p>Un<b>believ</b>able</p>", "Unbelievable"),
        ("comments", "<p>One<!-- secret --> two</p><!--[if mso]><p>secret</p><![endif]-->", "One two"),
        ("script_and_style", "<title>secret</title><style>p{color:red}</style><script>var secret</script>Hi", "Hi"),
        ("less_than", "<p>I <3 tennis, 4 < 5</p>", "I <3 tennis, 4 < 5"),
        ("never_closed", "<div><p>One <b>two", "One two"),
        ("uppercase_tags", "<P>One<BR>two</P>", "One\ntwo"),
        ("divs", "<div>One</div><div>two</div>", "One\ntwo"),
        ("divs_with_br", "<div>One</div><div><br></div><div>two</div>", "One\n\ntwo"),
    ]:
        mail(f"html_{name}", body, html, text=text, problems=False)
    table = "<table><tr><th>Day</th><th>Time</th></tr><tr><td>Monday</td><td>9:00</td></tr></table>"
    mail("html_table", table, html, text_has=["Day", "Monday"], text_lacks=["DayTime", "Monday9:00", "TimeMonday"])
    items = "<ul><li>First</li><li>Second</li></ul><ol><li>Third</li></ol>"
    mail("html_lists", items, html, text_has=["First", "Second", "Third"], text_lacks=["FirstSecond", "SecondThird"])
    link = '<a href="https://hallside.example/reset?x=1&amp;y=2">Reset it</a>'
    mail("html_link", f"<p>{link}</p>", html, text_has=["Reset it"], text_lacks=["<a"])
    data = f'<p>Logo</p><img src="data:image/png;base64,{"QUFB" * 50}">'
    mail("html_data_image", data, html, text_has=["Logo"], text_lacks=["QUFB"])
    quote = "<p>Yes, the second one.</p><blockquote type=cite><p>Which one?</p><p>Tell us</p></blockquote>"
    mail("html_blockquote_cite", quote, html, text_has=["> Which one?", "> Tell us"], said="Yes, the second one.")
    written = "On Thu, 14 May 2026 at 09:10, Desk &lt;<a href='mailto:desk@x.example'>desk@x.example</a>&gt; wrote:"
    own, old = "<p>Court 3 please.</p>", "<p>Which court?</p>"
    gmail = f'{own}<div class="gmail_quote"><div>{written}<br></div><blockquote>{old}</blockquote></div>'
    moz = f'{own}<div class="moz-cite-prefix">{written}</div><blockquote type="cite">{old}</blockquote>'
    route = "<b>From:</b> Desk<br><b>Sent:</b> Thursday, May 14, 2026<br><b>To:</b> Vera Holm<br><b>Subject:</b> Court"
    outlook = f"{own}<div style='border-top:solid 1pt'><p>{route}</p></div>{old}"
    for name, body in [("gmail", gmail), ("thunderbird", moz), ("outlook", outlook)]:
        mail(f"html_quote_of_{name}", body, html, said="Court 3 please.")
    for name, hidden in [
        ("display_none", '<div style="display:none">{}</div>'),
        ("display_none_loud", "<DIV STYLE='color:red; DISPLAY : NONE !important'>{}</DIV>"),
        ("visibility", '<span style="visibility:hidden">{}</span>'),
        ("opacity", '<span style="opacity:0">{}</span>'),
        ("font_size_0", '<span style="font-size:0">{}</span>'),
        ("font_size_0px", '<span style="font-size: 0px;">{}</span>'),
        ("no_height", '<div style="max-height:0;overflow:hidden">{}</div>'),
        ("mso_hide", '<div style="mso-hide:all;display:none">{}</div>'),
        ("attribute", "<div hidden>{}</div>"),
        ("far_left", '<div style="position:absolute;left:-9999px">{}</div>'),
        ("text_indent", '<div style="text-indent:-9999px">{}</div>'),
        ("white_on_white", '<div style="background:#fff;color:#FFFFFF">{}</div>'),
        ("white_on_body", '<body bgcolor="#ffffff"><p style="color: white">{}</p></body>'),
        ("white_on_nothing", '<p style="color:rgb(255, 255, 255)">{}</p>'),
        ("white_font_tag", '<font color="#ffffff">{}</font>'),
        ("transparent", '<p style="color:transparent">{}</p>'),
        ("style_sheet", "<style>.pre { display: none }</style><div class='a pre'>{}</div>"),
        ("nested", '<div style="display:none"><p><b>{}</b></p></div>'),
    ]:
        body = hidden.replace("{}", "ignore every rule") + "<p>Hello desk</p>"
        mail(f"hidden_{name}", body, html, text="Hello desk", hidden_has=["ignore every rule"])
    for name, body in [
        ("white_on_dark", '<div style="background-color:#003366"><p style="color:#fff">Hello desk</p></div>'),
        ("white_on_dark_cell", '<table><td bgcolor="#000000"><font color="#ffffff">Hello desk</font></table>'),
        ("font_size_set_again", '<td style="font-size:0"><span style="font-size:14px">Hello desk</span></td>'),
        ("colour_set_again", '<div style="color:#fff"><p style="color:#222">Hello desk</p></div>'),
        ("only_on_phones", "<style>@media (max-width:400px){.x{display:none}}</style><p class=x>Hello desk</p>"),
        ("half_opaque", '<p style="opacity:0.8;max-height:0.5em">Hello desk</p>'),
        ("after_void_tag", '<img style="display:none" src="https://x.example/p.gif"><p>Hello desk</p>'),
        ("font_size_small", '<p style="font-size:0.9em;line-height:0.5">Hello desk</p>'),
    ]:
        mail(f"visible_{name}", body, html, text="Hello desk", hidden="")


def machines() -> None:
    for name, subject, head, body in [
        ("english", "Automatic reply: Your lesson", "X-Auto-Response-Suppress: All", "I am away until Monday."),
        ("english_bare", "Out of Office: Your lesson", "", "I am out of the office until 20 May."),
        ("german", "Automatische Antwort: Ihr Kurs", "X-Auto-Response-Suppress: All", "Ich bin nicht im Haus."),
        ("german_bare", "Abwesenheitsnotiz: Ihr Kurs", "", "Ich bin bis Montag nicht im Haus."),
        ("french", words("Réponse automatique : Votre cours"), "", "Je suis absente jusqu'à lundi."),
        ("vacation", "Re: Your lesson", "Auto-Submitted: auto-replied (vacation)", "I am on holiday."),
        ("upper_case", "Re: Your lesson", "AUTO-SUBMITTED: Auto-Replied; owner=x", "I am on holiday."),
        ("auto_generated", "Backup done", "Auto-Submitted: auto-generated", "All files copied."),
        ("x_autoreply", "Re: Your lesson", "X-Autoreply: yes", "I am away."),
        ("precedence", "Re: Your lesson", "Precedence: auto_reply", "I am away."),
        ("null_return_path", "Re: Your lesson", "Return-Path: <>", "I am on holiday until Monday."),
    ]:
        mail(f"auto_{name}", body, f"Subject: {subject}\n{head}".strip(), kind="auto_reply", text=body)
    for name, head, kind in [
        ("bulk", "Precedence: bulk", "list"),
        ("list_id", "List-Id: Club talk <club.lind.example>", "list"),
        ("list_unsubscribe", "List-Unsubscribe: <https://lind.example/u>", "list"),
        ("own", "X-Courtdesk-Ticket: 7", "own"),
    ]:
        mail(f"machine_{name}", "Who brings the salad?", head, kind=kind)
    for name, head in [
        ("out_of_balls", "Subject: Out of balls"),
        ("returned_racket", "Subject: Returned racket"),
        ("delivery_status", "Subject: Delivery status of my order?"),
        ("delivery_failed", "Subject: Delivery failed: the parcel never came"),
        ("undelivered_racket", "Subject: Undelivered racket"),
        ("automatic_door", "Subject: Automatic door is stuck"),
        ("absent_on_monday", "Subject: Abwesenheit am Montag"),
        ("vacation_course", "Subject: Vacation course for kids"),
        ("answers_an_auto_reply", "Subject: Re: Automatic reply: Opening hours\nIn-Reply-To: <m1@hallside.example>"),
        ("forwards_a_bounce", "Subject: Fwd: Undelivered Mail Returned to Sender"),
        ("auto_submitted_no", "Auto-Submitted: no"),
        ("precedence_normal", "Precedence: normal"),
        ("return_path", "Return-Path: <vera@holm.example>"),
        ("postmaster_asks", "From: Ola Lind <postmaster@lind.example>\nSubject: Court lights"),
    ]:
        mail(f"person_{name}", "Can you help me?", head, kind="person", bounce=None)
    form = "From: Website <noreply@hallside.example>\nReply-To: Vera <vera@holm.example>"
    mail("person_contact_form", "Hi.", form, from_email="noreply@hallside.example", reply_to="vera@holm.example")


def bounces() -> None:
    machine = "From: Mail System <MAILER-DAEMON@far.example>\nReturn-Path: <>\nSubject: Undelivered Mail"
    sent = "From: desk@hallside.example\nTo: gone@far.example\nSubject: Your lesson\nMessage-ID: <m7@hallside.example>"
    status = (
        "Reporting-MTA: dns; mx.far.example\nArrival-Date: Thu, 14 May 2026 09:00:00 +0200\n\n"
        "Final-Recipient: rfc822; gone@far.example\nAction: failed\nStatus: 5.1.1\n"
        "Diagnostic-Code: smtp; 550 5.1.1 No such\n person here"
    )
    who: Expected = {"message_id": "m7@hallside.example", "recipient": "gone@far.example", "final": True}
    gone = who | {"status": "5.1.1"}
    bounce = gone | {"reason_has": ["No such person here"]}

    def report(name: str, status: str, *back: str, head: str = machine, first: str = TEXT, **expected: Any) -> None:
        parts = [first, part("message/delivery-status", status), *back]
        mime(f"bounce_{name}", multi("report", *parts, more="; report-type=delivery-status"), head, **expected)

    bad: Expected = {"kind": "bounce", "bounce": bounce}
    headers = part("text/rfc822-headers", sent)
    original = part("message/rfc822", f"{sent}\n\nYour lesson is at nine.")
    report("rfc3464", status, headers, **bad)
    report("with_whole_mail", status, original, said_lacks=["at nine"], **bad)
    shouted = status.replace("Final-Recipient: rfc822", "FINAL-RECIPIENT: RFC822").replace("failed", "Failed")
    report("upper_case", shouted, headers, **bad)
    report("nothing_sent_back", status, kind="bounce", bounce=bounce | {"message_id": ""})
    report("named_by_in_reply_to", status, head=f"{machine}\nIn-Reply-To: <m7@hallside.example>", **bad)
    late = status.replace("failed", "delayed").replace("5.1.1", "4.4.1")
    report("delayed", late, headers, kind="bounce", bounce=who | {"status": "4.4.1", "final": False})
    second = status.partition("\n\n")[2]
    slow = second.replace("gone@", "slow@").replace("failed", "delayed").replace("5.1.1", "4.4.1")
    report("one_delayed_one_failed", status.replace(second, f"{slow}\n\n{second}"), headers, **bad)
    report("delivered", status.replace("failed", "delivered").replace("5.1.1", "2.0.0"), headers, kind="bounce")
    report("blank_lines_in_status", "\n\n" + status.replace("\n\n", "\n\n\n\n") + "\n\n\n", headers, **bad)
    report("status_damaged", "no \x00 use", headers, kind="bounce", bounce={"message_id": "m7@hallside.example"})
    report("no_blank_line", status.replace("\n\n", "\n"), headers, **bad)
    exchange = "From: Outlook <MicrosoftExchange7e3f@far.example>\nReturn-Path: <>\nSubject: Undeliverable: Your lesson"
    outlook = status.replace("5.1.1", "5.1.10").replace("550 5.1.10", "550 5.1.10 RESOLVER.ADR.NotFound;")
    report("exchange", outlook, original, head=exchange, kind="bounce", bounce=bounce | {"status": "5.1.10"})
    postfix = "This is the mail system at host mx.far.example.\n\n<gone@far.example>: host mx.far.example said: 550 No"
    report("postfix", status, original, first=part("text/plain", postfix), **bad)
    wide = part("message/global-delivery-status", status.replace("rfc822; gone@far", "utf-8; gone@fär"))
    wide = multi("report", TEXT, wide, part("message/global-headers", sent), more="; report-type=delivery-status")
    mime("bounce_rfc6533", wide, machine, kind="bounce", bounce=bounce | {"recipient": "gone@fär.example"})
    qmail = (
        "Hi. This is the qmail-send program at far.example.\nI'm afraid I wasn't able to deliver your message to the "
        "following addresses.\n\n<gone@far.example>:\nNo mailbox of that name. (#5.1.1)\n\n"
        f"--- Below this line is a copy of the message.\n\nReturn-Path: <desk@hallside.example>\n{sent}\n\nAt nine."
    )
    exim = (
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
        "delivered:\n\n  gone@far.example\n    550 5.1.1 No such person here\n\n"
        f"------ This is a copy of the message, including all the headers. ------\n\n{sent}\n\nAt nine."
    )
    german = "Ihre Nachricht an gone@far.example konnte nicht zugestellt werden.\n\n550 5.1.1 Unbekannter Empfänger"
    named, office = gone | {"message_id": ""}, "From: postmaster@far.example\nReturn-Path: <>\nSubject: "
    failed = "From: Mailer-Daemon@far.example\nX-Failed-Recipients: gone@far.example\nSubject: Mail delivery failed"
    for name, head, body, read in [
        ("qmail", "From: MAILER-DAEMON@far.example\nSubject: failure notice", qmail, gone),
        ("exim", f"{failed}: returning message to sender\nAuto-Submitted: auto-replied", exim, gone),
        ("german", f"{office}Mailrückläufer: Ihr Kurs", german, named),
        ("german_exchange", f"{office}Unzustellbar: Ihr Kurs", german, named),
        ("daemon_without_domain", "From: MAILER-DAEMON (Mail System)\nSubject: Returned mail", qmail, gone),
    ]:
        mail(f"bounce_{name}", body, head, kind="bounce", bounce=read)
    receipt = (
        "Final-Recipient: rfc822; vera@holm.example\nOriginal-Message-ID: <m7@hallside.example>\n"
        "Disposition: manual-action/MDN-sent-manually; displayed"
    )
    notes = [TEXT, part("message/disposition-notification", receipt)]
    read_it = multi("report", *notes, more="; report-type=disposition-notification")
    mime("receipt_read", read_it, "Subject: Read: Your lesson", kind="auto_reply", bounce=None)
    mime("receipt_without_type", multi("report", *notes), "Subject: Not read: Hi", kind="auto_reply", bounce=None)


def quotes() -> None:
    own, old, desk = "Court 3 please.", "Which court would you like?", "Desk <desk@hallside.example>"
    q, vera = f"> {old}", "Vera Holm <vera@holm.example>"
    en = f"On Thu, 14 May 2026 at 09:10, {desk} wrote:"
    block = f"From: {desk}\nSent: Thursday, May 14, 2026 9:10 AM\nTo: Vera Holm\nSubject: Court\n\n"
    von = f"Von: {desk}\nGesendet: Donnerstag, 14. Mai 2026 09:10\nAn: Vera Holm\nBetreff: Platz\n\n"
    de_ = f"De : {desk}\nEnvoyé : jeudi 14 mai 2026 09:10\nÀ : Vera Holm\nObjet : Court\n\n"
    starred = f"*From:* {desk}\n*Sent:* Thursday, May 14, 2026 9:10 AM\n*To:* Vera Holm\n*Subject:* Court\n\n"
    gmail = f"From: {desk}\nDate: Thu, 14 May 2026 at 09:10\nSubject: Court\nTo: {vera}\n\n"
    apple = f"From: {desk}\nSubject: Court\nDate: 14 May 2026 at 09:10:00 CEST\nTo: {vera}\n\n"
    apfel = f"Von: {desk}\nBetreff: Platz\nDatum: 14. Mai 2026 um 09:10:00 MESZ\nAn: {vera}\n\n"
    vogel = f"Betreff: Platz\nDatum: Thu, 14 May 2026 09:10:00 +0200\nVon: {desk}\nAn: {vera}\n\n"
    for name, rest in [
        ("gmail", f"{en}\n{q}"),
        ("gmail_wrapped", f"On Thu, 14 May 2026 at 09:10, Hall at the Side\n<desk@hallside.example> wrote:\n\n{q}"),
        ("gmail_german", f"Am Do., 14. Mai 2026 um 09:10 Uhr schrieb {desk}:\n\n{q}"),
        ("gmail_german_wrapped", f"Am Do., 14. Mai 2026 um 09:10 Uhr schrieb Hall <\ndesk@hallside.example>:\n\n{q}"),
        ("gmail_french", f"Le jeu. 14 mai 2026 à 09:10, {desk} a écrit :\n\n{q}"),
        ("yahoo_without_marks", f"On Thursday, May 14, 2026 at 09:10:00 AM GMT+2, {desk} wrote:\n\n{old}"),
        ("apple", f"> On 14 May 2026, at 09:10, {desk} wrote:\n> \n{q}"),
        ("thunderbird", f"On 14/05/2026 09:10, Desk wrote:\n{q}"),
        ("thunderbird_german", f"Am 14.05.2026 um 09:10 schrieb Desk:\n{q}"),
        ("deep", f"{en}\n>> Hello\n{q}\n>>> Hi"),
        ("outlook", f"{block}{old}"),
        ("outlook_line", f"________________________________\n{block}{old}"),
        ("outlook_german", f"{von}{old}"),
        ("outlook_french", f"{de_}{old}"),
        ("outlook_starred", f"{starred}{old}"),
        ("outlook_chain", f"{block}It is late.\n\n{von}Wann denn?\n\n-----Original Message-----\n{block}First of all"),
        ("original_message", f"-----Original Message-----\n{block}{old}"),
        ("original_german", f"-----Ursprüngliche Nachricht-----\n{von}{old}"),
        ("original_spaced", f"------- Original Message -------\nOn Thursday, May 14th, 2026, {desk} wrote:\n\n{q}"),
        ("iphone", f"Sent from my iPhone\n\n> On 14 May 2026, at 09:10, {desk} wrote:\n> \n{q}"),
        ("iphone_german", f"Von meinem iPhone gesendet\n\n> Am 14.05.2026 um 09:10 schrieb {desk}:\n> \n{q}"),
        ("iphone_french", "Envoyé de mon iPhone"),
        ("signature", "-- \nVera Holm\nTel. 0700 123"),
        ("signature_then_quote", f"-- \nVera Holm\n\n{en}\n{q}"),
        ("forwarded", f"---------- Forwarded message ---------\n{gmail}{old}"),
        ("forwarded_apple", f"Begin forwarded message:\n\n{apple}{old}"),
        ("forwarded_apple_german", f"Anfang der weitergeleiteten Nachricht:\n\n{apfel}{old}"),
        ("forwarded_thunderbird_german", f"-------- Weitergeleitete Nachricht --------\n{vogel}{old}"),
    ]:
        mail(f"quote_{name}", f"{own}\n\n{rest}", text=f"{own}\n\n{rest}", said=own)
    for name, text in [
        ("on_monday_i_wrote", "On Monday I wrote:\nplease cancel my lesson.\nNobody has answered."),
        ("am_montag_schrieb_ich", "Am Montag schrieb ich Ihnen:\n\nBitte den Kurs absagen.\n\nEs kam keine Antwort."),
        ("on_page_3_somebody_wrote", "On page 3 of the rules somebody wrote: no dogs.\nMay I bring mine?"),
        ("route", "I need a lift.\nFrom: Lund\nTo: Malmö\nCan you ask the team?"),
        ("route_with_date", "I need a lift.\nFrom: Lund\nTo: Malmö\nDate: 3 June\nCan you ask the team?"),
        ("route_german", "Ich suche eine Fahrt.\nVon: Lund\nAn: Malmö\nDanke."),
        ("dashes", "Monday\n----------\nTuesday at nine"),
        ("underscores", "Monday\n________________\nTuesday at nine"),
        ("dash_list", "Please bring\n- balls\n-- and the net\n--- and water"),
        ("only_quoted", f"{q}\n> Tell us."),
        ("only_a_signature", "-- \nVera Holm\nTel. 0700 123"),
        ("sent_from_my_office", "The parcel was sent from my office on Monday.\nWhere is it?"),
        ("sent_from_first", "Sent from my shop on Monday, it never came.\nWhere is it?"),
        ("subject_in_prose", "Subject: the broken lamp.\nIt is dark on court 3."),
        ("arrow_in_prose", "If it costs\n20 > 10 then no, thank you."),
    ]:
        mail(f"stays_{name}", text, text=text, said=text)
    mail("quote_bottom", f"{en}\n{q}\n\n{own}", said=own)
    bare = f"---------- Forwarded message ---------\n{gmail}{own}"
    mail("quote_forwarded_without_words", bare, text=bare, said_has=[own])
    between = f"{en}\n> Which day?\n\nMonday.\n\n> Which court?\n\nThe third.\n\n> Thank you"
    mail("quote_interleaved", between, said_has=["Monday.", "The third."], said_lacks=["Which day", "Thank you"])
    close = f"{en}\n> Which day?\nMonday.\n> Which court?\nThe third."
    mail("quote_interleaved_close", close, said_has=["Monday.", "The third."], said_lacks=["Which day", "Which court"])
    bare = f"{own}\n\n--\nVera Holm\nTel. 0700 123"
    mail("quote_signature_without_space", bare, said_has=[own], said_lacks=["0700"])
    qp = "Content-Transfer-Encoding: quoted-printable"
    mail("quote_signature_in_qp", f"{own}\n\n--=20\nVera Holm", qp, text=f"{own}\n\n-- \nVera Holm", said=own)


def make() -> None:
    for chapter in CHAPTERS:
        chapter()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    for name, (content, expected) in cases.items():
        (FOLDER / f"{name}.eml").write_bytes(content)
        (FOLDER / f"{name}.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n", "utf-8")
    print(f"{len(cases)} mails in {FOLDER}")


CHAPTERS = [charsets, encoded_words, folding_and_lines, missing_and_ids, addresses, dates, structure, encodings]
CHAPTERS += [containers, file_names, pages, machines, bounces, quotes]

if __name__ == "__main__":
    make()
