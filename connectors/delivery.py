"""Why a mail did not arrive, in words: SMTP replies and enhanced status codes (RFC 5321, RFC 3463). Pure."""

import re

BY_STATUS = {
    "5.1.1": "there is no such mailbox", "5.1.2": "there is no such domain", "5.1.3": "the address is written wrongly", "5.1.6": "the mailbox has moved",
    "5.1.10": "the domain takes no mail", "5.2.1": "the mailbox is closed", "5.2.2": "the mailbox is full", "5.2.3": "the mail is too large for the mailbox",
    "5.3.4": "the mail is too large", "5.4.1": "the server does not answer", "5.4.4": "the domain names no mail server", "5.4.7": "it could not be delivered for too long",
    "5.5.3": "there are too many recipients", "5.7.0": "the server refuses it by its rules", "5.7.1": "the server refuses it by its rules",
    "5.7.26": "our own domain's SPF or DKIM is not right: the server takes our mail for forged", "4.2.2": "the mailbox is full", "4.7.1": "the server wants us to wait (greylisting)",
}  # fmt: skip
BY_CLASS = {"1": "the address does not work", "2": "the mailbox takes no mail", "3": "the server takes no mail", "4": "the way to the server does not work", "7": "the server refuses it by its rules"}  # fmt: skip
BY_CODE = {421: "the server is busy", 450: "the mailbox is busy", 451: "the server has a problem of its own", 452: "the server is full", 530: "it wants us to sign in", 550: "there is no such mailbox, or the server refuses us", 552: "the mail is too large or the mailbox full", 553: "the address is written wrongly", 554: "the server refuses it"}  # fmt: skip


def explained(status: str, said: str = "", code: int = 0) -> str:
    """What a status (or the words that hold one, or a reply code) means; "" where nobody knows."""
    found = re.search(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b", status or said)
    if found is None:
        return BY_CODE.get(code, "")
    return BY_STATUS.get(found[0]) or BY_CLASS.get(found[2], BY_CODE.get(code, ""))
