"""Bytes of a mail become text, whatever charset they claim. Pure; nothing here raises."""

import binascii
import re
import struct
from email.errors import MessageError
from quopri import decodestring

from charset_normalizer import from_bytes

ALIASES = {
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "hz-gb-2312": "hz",
    "ks_c_5601-1987": "cp949", "ks_c_5601": "cp949", "euc-kr": "cp949", "ksc5601": "cp949",
    "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext", "big5": "big5hkscs",
    "iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "iso8859-1": "cp1252", "iso_8859-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8", "iso-8859-8-e": "iso-8859-8", "iso-8859-9": "cp1254", "iso-8859-11": "cp874", "tis-620": "cp874", "windows-874": "cp874",
    "x-mac-roman": "mac_roman", "macintosh": "mac_roman", "unicode-1-1-utf-7": "utf-7", "utf8mb4": "utf-8", "cp-850": "cp850",
}  # fmt: skip
UNSTATED = ("", "us-ascii", "ascii", "ansi_x3.4-1968", "unknown-8bit", "x-unknown", "unknown", "default", "none", "binary", "8bit")  # fmt: skip
SINGLE_BYTE = re.compile(r"^(iso-?8859|cp12|windows-12|latin|mac|cp8|koi8)")
ENCODED_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*(?:\?(?!=)[^?]*)*)\?=")
BETWEEN_WORDS = re.compile(r"(\?=)\s+(=\?[^?\s]{1,60}\?[bBqQ]\?)")
# What the standard library and the readers of foreign formats raise on hostile mail; there is no list in their docs.
BREAKS = (
    ValueError, LookupError, TypeError, AttributeError, AssertionError, ArithmeticError, RuntimeError, NameError, MemoryError, EOFError,
    OSError, MessageError, struct.error,
)  # fmt: skip
LOOKS_AT = 20_000  # bytes from which a charset is guessed
FEW = 24  # high bytes, below which a guess is worth nothing


def decoded(content: bytes, charset: str | None) -> str:
    """Believe the bytes where they speak for themselves, then the stated charset, then a guess."""
    stated = (charset or "").strip().strip("\"'").lower()
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(name, "replace")
    name = ALIASES.get(stated, stated)
    if stated in UNSTATED or SINGLE_BYTE.match(name):  # UTF-8 is hardly ever valid by chance
        found = strictly(content, "utf-8")
        if found is not None and (stated in UNSTATED or not content.isascii()) and "\x1b$" not in found:
            return found
    if stated not in UNSTATED:
        found = strictly(content, name) if name != "utf-8" else utf8(content)
        if found is not None:
            return found
    return guessed(content, name)


def strictly(content: bytes, name: str) -> str | None:
    """None where the bytes are not in that charset, or it is none."""
    try:
        return content.decode(name)
    except (LookupError, ValueError):
        if name == "cp1252":  # five of its places are empty
            return content.decode("latin-1") if any(b in content for b in b"\x81\x8d\x8f\x90\x9d") else None
        return None


def utf8(content: bytes) -> str | None:
    """UTF-8 with a few broken places is still UTF-8; without one whole sequence it is something else."""
    found = content.decode("utf-8", "replace")
    broken = found.count("\ufffd")
    return found if not broken or broken <= sum(c > "\x7f" and c != "\ufffd" for c in found) else None


def guessed(content: bytes, name: str) -> str:
    if b"\x1b$" in content or b"\x1b(" in content:
        found = strictly(content, "iso2022_jp_ext")
        if found is not None:
            return found
    found = strictly(content, "utf-8")
    if found is not None:
        return found
    if sum(byte > 127 for byte in content[:LOOKS_AT]) >= FEW:
        best = from_bytes(content[:LOOKS_AT]).best()
        if best is not None:
            return content.decode(best.encoding, "replace")
    if name not in (*UNSTATED, "utf-8", "utf8") and not SINGLE_BYTE.match(name):
        try:
            return content.decode(name, "replace")
        except (LookupError, ValueError):
            pass
    return content.decode("cp1252", "replace")


def clean(text: str) -> str:
    """Text that can be stored and shown: no NUL, no lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def words_of(raw: str, charset: str = "") -> str:
    """A header's value as the parser keeps it (bytes above 127 as surrogates) becomes text, encoded words decoded.

    `charset`: of the mail's body, for bare bytes. RFC 2047, and what is written in its place: words in quotes, without space between them, characters cut in two.
    """
    value = clean(in_header(raw.encode("utf-8", "surrogateescape"), charset)) if not raw.isascii() else raw
    value = BETWEEN_WORDS.sub(r"\1\2", value)
    out, place, held, held_in = [], 0, b"", ""
    for found in ENCODED_WORD.finditer(value):
        charset, content = found[1].partition("*")[0], word_bytes(found[2], found[3])
        if content is None:
            continue
        if held and (found.start() != place or charset.lower() != held_in):
            out.append(decoded(held, held_in))
            held = b""
        out.append(value[place : found.start()])
        held, held_in, place = held + content, charset.lower(), found.end()
    if held:
        out.append(decoded(held, held_in))
    return clean("".join([*out, value[place:]]))


def in_header(content: bytes, charset: str) -> str:
    found = strictly(content, "utf-8")
    return decoded(content, charset) if found is None else found


def word_bytes(encoding: str, content: str) -> bytes | None:
    raw = content.encode("utf-8", "surrogateescape")
    if encoding in "qQ":
        return decodestring(raw.replace(b"\n", b""), header=True)
    try:
        raw = re.sub(rb"[^A-Za-z0-9+/]", b"", raw)
        return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        return binascii.a2b_base64(raw[: len(raw) // 4 * 4])
