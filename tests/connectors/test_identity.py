"""Who really wrote: genuine mails of the usual servers are proven, forged ones never are."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import dkim
import pytest
from builders import raw_mail
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from servers import free_port, why_not

from connectors.identity import MICROSOFT, Lookup, asking, identity_of
from connectors.mail_parsing import parse_mail
from connectors.reading import Reader

MX = "mx.westpark.example"
GMAIL = (
    "mx.google.com; dkim=pass header.i=@kowalczyk.example header.s=20230601 header.b=Nb3xYz; "
    "spf=pass (google.com: domain of anna@kowalczyk.example designates 192.0.2.1 as permitted sender) "
    "smtp.mailfrom=anna@kowalczyk.example; dmarc=pass (p=NONE sp=QUARANTINE dis=NONE) header.from=kowalczyk.example"
)
OUTLOOK = (
    "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=kowalczyk.example; dkim=pass (signature was verified) "
    "header.d=kowalczyk.example;dmarc=pass action=none header.from=kowalczyk.example;compauth=pass reason=100"
)


def level(*results: str, trusted: str = MX, sender: str = "Anna <anna@kowalczyk.example>", more: str = "") -> str:
    stated = "".join(f"Authentication-Results: {one}\r\n" for one in results)
    raw = (stated + raw_mail(sender=sender, more=more).decode()).encode()
    return identity_of(raw, parse_mail(raw).from_email, trusted).level


@pytest.mark.parametrize(
    ("result", "trusted"),
    [
        (GMAIL, "mx.google.com"),
        (OUTLOOK, MICROSOFT),
        (f"{MX}; dmarc=pass (p=none dis=none) header.from=kowalczyk.example", MX),
        (f"{MX} 1; dmarc=pass header.from=kowalczyk.example", MX),
        (
            f"{MX};\r\n\tdkim=pass (2048-bit key; unprotected) header.d=kowalczyk.example header.i=@kowalczyk.example",
            MX,
        ),
        (f"{MX}; dkim=pass header.d=mail.kowalczyk.example", MX),  # relaxed: one organisation
        (f"{MX}; spf=pass smtp.mailfrom=bounce@news.kowalczyk.example; dkim=none", MX),
        (f"{MX}; dkim=fail header.d=list.example; dkim=pass header.d=kowalczyk.example", MX),
        (f"{MX}; dmarc=PASS header.from=KOWALCZYK.example", MX),
    ],
)
def test_a_genuine_mail_of_the_usual_servers_is_verified(result: str, trusted: str) -> None:
    assert level(result, trusted=trusted) == "verified"


@pytest.mark.parametrize(
    "result",
    [
        f"{MX}; dmarc=fail header.from=kowalczyk.example",
        f"{MX}; dmarc=fail header.from=kowalczyk.example; spf=pass smtp.mailfrom=kowalczyk.example",
        f"{MX}; dkim=fail header.d=kowalczyk.example",
        f"{MX}; spf=fail smtp.mailfrom=anna@kowalczyk.example",
    ],
)
def test_a_failed_check_of_the_sender_s_own_domain_contradicts(result: str) -> None:
    assert level(result) == "contradicts"


@pytest.mark.parametrize(
    "results",
    [
        ("mx.evil.example; dmarc=pass header.from=kowalczyk.example",),  # of a server that nobody trusts
        (f"{MX}.evil.example; dmarc=pass header.from=kowalczyk.example",),
        (f"evil.example ({MX}); dmarc=pass header.from=kowalczyk.example",),
        (f"{MX}; dkim=pass header.d=evil.example; spf=pass smtp.mailfrom=evil.example",),  # of somebody else
        (f"{MX}; dmarc=pass header.from=evil.example",),
        (f"{MX}; dkim=pass header.d=kowalczyk.example.evil.example",),
        (f"{MX}; dkim=pass header.d=example",),  # a public suffix is nobody's organisation
        (f"{MX}; spf=softfail smtp.mailfrom=kowalczyk.example",),
        (f"{MX}; none",),
        (f"{MX}; dmarc=none header.from=kowalczyk.example", f"{MX}; dmarc=pass header.from=kowalczyk.example"),
        (f"{MX}; dmarc", f"{MX}; dmarc=pass header.from=kowalczyk.example"),
        ("",),
        (";;;;",),
        (f"{MX}; dmarc=pass header.from=kowalczyk.example.",),
        (f'{MX}; x="dmarc=pass header.from=kowalczyk.example"',),
        (f"{MX}; (dmarc=pass header.from=kowalczyk.example)",),
        (f"{MX}; reason=pass dmarc=temperror header.from=kowalczyk.example",),
        (),
    ],
)
def test_what_proves_nothing_leaves_a_mail_unverified(results: tuple[str, ...]) -> None:
    assert level(*results) == "unverified"


@pytest.mark.parametrize(
    "sender",
    [
        "anna@kowalczyk.example, eve@evil.example",
        '"anna@kowalczyk.example" <eve@evil.example>',
        "anna@kowalczyk.example <eve@evil.example>",
        "Anna <anna@kowalczyk.example>\r\nFrom: Eve <eve@evil.example>",
        "Anna <anna@kowalczyk.exampIe>",  # a capital I
        "Anna <anna@xn--kowalczyk-xyz.example>",
        "",
    ],
)
def test_no_form_of_from_borrows_another_domain_s_proof(sender: str) -> None:
    stated = f"Authentication-Results: {MX}; dmarc=pass header.from=kowalczyk.example\r\n"
    raw = (stated + raw_mail(sender=sender).decode()).encode()
    mail = parse_mail(raw)
    found = identity_of(raw, mail.from_email, MX)

    assert found.level != "verified" or mail.from_email != "anna@kowalczyk.example" or sender == ""


def test_microsoft_s_form_is_not_believed_below_another(tmp_path: Path) -> None:
    assert level("mx.evil.example; none", OUTLOOK, trusted=MICROSOFT) == "unverified"


@pytest.fixture(scope="module")
def key() -> tuple[bytes, bytes]:
    """A private key as PEM, and the record that the DNS holds of it."""
    made = rsa.generate_private_key(65537, 2048)
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = made.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return pem, b"v=DKIM1; k=rsa; p=" + b"".join(public.splitlines()[1:-1])


def signed(raw: bytes, pem: bytes, domain: bytes = b"kowalczyk.example", length: bool = False) -> bytes:
    return dkim.sign(raw, b"s1", domain, pem, length=length) + raw  # type: ignore[no-any-return]


def records(key: tuple[bytes, bytes]) -> Lookup:
    known = {f"s1._domainkey.{name}.": key[1] for name in ("kowalczyk.example", "evil.example")}
    return lambda name: known.get(name)


def test_a_signature_of_the_sender_s_domain_verifies(key: tuple[bytes, bytes]) -> None:
    found = identity_of(signed(raw_mail(), key[0]), "anna@kowalczyk.example", look_up=records(key))

    assert (found.level, found.words) == ("verified", "kowalczyk.example signed it (DKIM, checked here)")


def test_no_tampering_with_a_signed_mail_holds(key: tuple[bytes, bytes]) -> None:
    raw, look_up = signed(raw_mail(), key[0]), records(key)
    tampered = [
        raw.replace(b"forgot", b"forget"),
        raw.replace(b"Subject: Login", b"Subject: Delete"),
        raw + b"and send it to eve@evil.example\r\n",
        signed(raw_mail(), key[0], b"evil.example"),
        signed(raw_mail(), key[0], length=True) + b"appended\r\n",
        raw.replace(b"d=kowalczyk.example", b"d=nobody.example"),
        raw_mail(),
    ]

    for one in tampered:
        assert identity_of(one, "anna@kowalczyk.example", look_up=look_up).level == "unverified", one[:200]


def test_a_dns_that_does_not_answer_proves_nothing(key: tuple[bytes, bytes]) -> None:
    raw = signed(raw_mail(), key[0])

    found = identity_of(raw, "anna@kowalczyk.example", look_up=asking(f"127.0.0.1:{free_port()}"))

    assert found.level == "unverified"
    assert "could not be asked" in found.words


@pytest.fixture
def dns(key: tuple[bytes, bytes]) -> Iterator[str]:
    """A real DNS server that knows one key."""
    port, text = free_port(), key[1].decode()
    parts = ",".join(text[i : i + 250] for i in range(0, len(text), 250))
    command = ["dnsmasq", "--no-daemon", "--no-resolv", "--no-hosts", f"--port={port}", "--listen-address=127.0.0.1"]
    command += ["--bind-interfaces", "--user=", f"--txt-record=s1._domainkey.kowalczyk.example,{parts}"]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.3)
    yield f"127.0.0.1:{port}"
    server.terminate()
    server.wait()


@pytest.mark.server
@pytest.mark.skipif(bool(why_not("dnsmasq")), reason=why_not("dnsmasq"))
def test_the_reader_asks_a_real_dns_server(dns: str, key: tuple[bytes, bytes]) -> None:
    from email.utils import formatdate

    raw = raw_mail().replace(b"Thu, 14 May 2026 09:12:00 +0200", formatdate().encode())
    reader = Reader(dns=dns)
    try:
        good, forged = reader([signed(raw, key[0]), signed(raw, key[0]).replace(b"forgot", b"lost")])
    finally:
        reader.stop()

    assert not isinstance(good, str)
    assert not isinstance(forged, str)
    assert (good.identity.level, forged.identity.level) == ("verified", "unverified")
