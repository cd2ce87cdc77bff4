"""What a mail newly says, apart from quoted mails, forwarded ones and signatures. Pure; nothing is ever deleted here.

Lines are sorted into kinds; where an older mail begins is read from the line that introduces it ("On … wrote:", a
rule of dashes with words, a block of headers), in the languages of the mail programs that we know.
"""

import re
from collections.abc import Sequence

LONGEST_INTRO = 6  # lines over which a mail program may wrap "On … wrote:"
MOST_LINES = 3000  # that are searched for older mails
LONGEST_SIGNATURE = 25  # lines; more below a "--" is no signature

# "wrote" in the languages of mail programs: the stem, which is looked for first because that is fast, and its ending
VERBS = (
    ("wrote", ""), ("writes", ""), ("schrieb", "(?:en)?"), ("geschrieben", ""), ("a écrit", ""), ("écrit", ""), ("escribió", ""),
    ("ha scritto", ""), ("scrive", ""), ("schreef", ""), ("geschreven", ""), ("escreveu", ""), ("napisał", r"\(?a?\)?"),
    ("napsal", r"\(?a?\)?"), ("skrev", ""), ("kirjoitti", ""), ("пишет", ""), ("писал", "а?"), ("написал", "а?"),
    ("написав", ""), ("пише", ""), ("写道", ""), ("寫道", ""), ("작성", ""),
)  # fmt: skip
WROTE = "|".join(stem + ending for stem, ending in VERBS)
WHEN_WORDS = r"on|am|at|le|el|il|op|em|w dniu|dnia|den|på|dne|в|在|sent|gesendet"
CLOCK = r"\d{1,2}[:.h]\d{2}"
# Every part is bounded and searched for by itself: one pattern for a whole line would take time to the fourth power.
ADDRESS = re.compile(r"[^\s<>\"@]{1,80}@[^\s<>\"@]{1,200}")
DATED = re.compile(
    rf"{CLOCK}|\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}|\b\d{{1,2}}\.? ?\w{{3,12}}\.?,? \d{{4}}|\b\w{{3,12}}\.? \d{{1,2}},? \d{{4}}|\d{{4}}年"
)
BEGINS = re.compile(rf"^[-\s>*]*(?:{WHEN_WORDS})(?:\b|(?=\d))", re.IGNORECASE)
BEGUN = re.compile(rf"^[-\s>*]*(?:{WHEN_WORDS})\b[^\n]{{0,60}}?(?:{CLOCK}|\d{{4}})", re.IGNORECASE)
VERB = re.compile(WROTE, re.IGNORECASE)
STAMP = re.compile(
    rf"^[\s>]*\d{{4}}[-/]\d{{1,2}}[-/]\d{{1,2}}(?: {CLOCK})?(?P<zone> GMT[+-]\d+:\d+)? (?P<who>[^\n]{{1,160}})$"
)
BEHIND_VERB = 90  # characters that may follow "wrote": "am Fr., 28. Apr. 2026 um 11:53 Uhr:"
SHORT_INTRO = re.compile(rf"^[\s>]*[^:]{{2,80}}\b(?:{WROTE})\s*[:：]\s*$", re.IGNORECASE)  # only before quoted lines

OLDER = (
    r"original message|original-nachricht|originalnachricht|ursprüngliche (?:nachricht|e-?mail|mail)|forwarded (?:message|by .*)|weitergeleitete (?:nachricht|e-?mail)|"
    r"message (?:d'origine|original|transféré)|message d’origine|mensaje (?:original|reenviado)|messaggio (?:originale|inoltrato)|oorspronkelijk bericht|doorgestuurd bericht|"
    r"mensagem (?:original|encaminhada)|ursprungligt meddelande|opprinnelig melding|oprindelig meddelelse|oryginalna wiadomość|исходное сообщение|пересылаемое сообщение|原始邮件|转发邮件"
)
RULE = re.compile(
    rf"^[\s>*]*(?:[-_=—]{{2,}} ?(?:{OLDER}) ?:?[-_=—\s]*\*?|(?:begin forwarded message|anfang der weitergeleiteten (?:nachricht|e-?mail)|início da mensagem reencaminhada|début du message réexpédié|inizio messaggio inoltrato) ?:)[\s*]*$",
    re.IGNORECASE,
)
LONG_RULE = re.compile(r"^[\s>]*[_\-=]{10,}\s*$")
HEADERS = {
    "from": r"from|von|de|da|van|från|fra|od|от|від|发件人|差出人|lähettäjä",
    "date": r"sent|date|gesendet(?: am)?|datum|envoyé|enviad[oa](?: el| em)?|fecha|data|inviato|verzonden|skickat|sendt|dato|wysłano|отправлено|дата|发送时间|日期",
    "to": r"to|an|à|para|a|aan|till|til|do|кому|收件人",
    "subject": r"subject|betreff|objet|asunto|oggetto|onderwerp|ämne|emne|temat|assunto|тема|主题",
    "more": r"cc|bcc|kopie|copie|reply-to|antwort an|antworten an|importance|wichtigkeit|priorität|organization|organisation|attachments|anlagen",
}
HEADER = re.compile(
    "^[\\s>*|]*(?:" + "|".join(f"(?P<{kind}>{words})" for kind, words in HEADERS.items()) + r")\*? ?[:：]\*?(?:\s|$)",
    re.IGNORECASE,
)
SIGNATURE = re.compile(r"^[\s>]*(?:--|-- |—|–—|__)\s*$")
PARTING = re.compile(
    r"^[\s<(*_]*(?:sent (?:from|via|with|by)\b|gesendet (?:von|mit|über)\b|von meine[mr]? .{2,40} gesendet|diese nachricht wurde von mein|envoyé (?:de|depuis|à partir)|enviado (?:desde|do|a partir)|"
    r"inviato da|verzonden (?:met|vanaf|via)|skickat från|sendt fra|wysłan[eo] z|отправлено (?:с|из)|from my (?:iphone|ipad|mobile|phone|android)|get \[?outlook|(?:hol|laden sie) .{0,12}outlook|outlook (?:für|for) (?:ios|android)|"
    r"diese e-?mail wurde von .{2,40} (?:gesendet|auf viren)|virenfrei|virus-?free|從我的|发自我的|someone from mobile).{0,160}$",
    re.IGNORECASE,
)
ARMOUR = re.compile(
    r"^-----BEGIN PGP SIGNED MESSAGE-----\n(?:[A-Z][\w-]{0,30}: .{0,200}\n)*\n|^-----BEGIN PGP SIGNATURE-----\n[^-]{0,20000}-----END PGP SIGNATURE-----$",
    re.MULTILINE,
)  # of a text that is signed inside itself
ORNAMENT = re.compile(r"^\W*$|^[\s>]*ᐧ\s*$")
QUOTED = re.compile(r"^ ?(?:>|\|(?: |$))")
LEADER = re.compile(r"^(?P<who>[A-Z][\w-]{0,30}> ?)")  # Richard> as some old programs quote


def newly_said(text: str) -> str:
    """What is new in a mail's text; the whole text where nothing else would be left."""
    return parted(text)[0]


def parted(text: str) -> tuple[str, str]:
    """What is new in a mail's text, and the rest: quoted mails and signatures, "" where nothing else would be left."""
    text = ARMOUR.sub("", text)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    own = set(own_lines(lines))
    said = "\n".join(line for i, line in enumerate(lines) if i in own).strip()
    if not said:
        return text.strip(), ""
    return said, "\n".join(line for i, line in enumerate(lines) if i not in own).strip()


def own_lines(lines: Sequence[str]) -> list[int]:
    """The numbers of the lines that are new."""
    start, kept = 0, []
    while start < len(lines):
        at, behind, is_intro = next_seam(lines, start)
        kept += [i for i in range(start, at) if not is_quoted(lines[i])]
        if at == len(lines):
            break
        if not is_intro:  # everything below a rule or a block of headers is old, unless there is nothing else
            if has_words(lines, kept):
                break
            start = behind
            continue
        ends = end_of_quote(lines, behind)
        if ends == behind:  # an older mail without marks
            if has_words(lines, kept):
                break
            start = behind
            continue
        start = ends
        if has_words(lines, kept) and not answers_below(lines, start):
            break
    return without_signature(lines, [i for i in kept if not is_quoted(lines[i])])


def next_seam(lines: Sequence[str], start: int) -> tuple[int, int, bool]:
    """Where an older mail begins, where its own words do, and whether an introduction ("… wrote:") leads to it."""
    for i in range(start, min(len(lines), MOST_LINES)):
        if not lines[i].strip():
            continue
        wide = intro_at(lines, i)
        if wide:
            return i, i + wide, True
        if RULE.match(lines[i]):
            return i, past_headers(lines, i + 1), False
        if header_block(lines, i):
            first = i - 1 if i > start and LONG_RULE.match(lines[i - 1]) else i
            return first, past_headers(lines, i), False
    return len(lines), len(lines), False


def intro_at(lines: Sequence[str], i: int) -> int:
    """How many lines from `i` on introduce a quoted mail; 0 where they do not."""
    window = lines[i : i + LONGEST_INTRO]
    if len(lines[i]) > 400 or not (says_wrote(window) or any(is_stamp(" ".join(window[:n])) for n in (1, 2))):
        return 0
    joined = ""
    for wide, line in enumerate(window, start=1):
        if not line.strip() and wide > 1 and not BEGUN.match(joined):
            break
        joined = f"{joined} {line.lstrip('> ')}" if joined else line
        if len(joined) > 500:
            break
        if (is_intro(joined, lines[i]) or (wide < 3 and is_stamp(joined))) and not goes_on(joined, lines, i + wide):
            return wide
    follows = next((line for line in lines[i + 1 : i + 4] if line.strip()), "")
    return 1 if SHORT_INTRO.match(lines[i]) and is_quoted(follows) else 0


def says_wrote(window: Sequence[str]) -> bool:
    words = " ".join(line.lstrip("> ") for line in window).lower()
    return any(stem in words for stem, _ in VERBS)


def is_intro(joined: str, first: str) -> bool:
    """ "On <date> <somebody> wrote:", or "<somebody> <address> schrieb am <date>:"."""
    verb = next((found for found in VERB.finditer(joined) if len(joined) - found.end() <= BEHIND_VERB + 5), None)
    if verb is None:
        return False
    before = joined[: verb.start()]
    if BEGINS.match(joined) and (DATED.search(before) or ADDRESS.search(before)):
        return True
    address = ADDRESS.search(before)
    ends = joined.rstrip(" -*").endswith((":", "："))
    begun = bool(ADDRESS.search(first)) or first.rstrip().endswith("<")
    return address is not None and ends and begun and len(before) - address.end() <= 45


def is_stamp(joined: str) -> bool:
    """2026-03-03 17:21 GMT+01:00 Anna <anna@x.example>:"""
    found = STAMP.match(joined.rstrip())
    return found is not None and bool(found["zone"] or re.search(r"<[^<>]{3,200}>:?$", found["who"]))


def goes_on(joined: str, lines: Sequence[str], behind: int) -> bool:
    """Whether an introduction that lacks its colon ends in the next lines; one without any colon needs quoted lines."""
    if re.search(r"[:：>-][\s*]*$", joined) or re.search(r"GMT[+-]\d", joined):
        return False
    following = next((line for line in lines[behind : behind + 3] if line.strip()), "")
    return not is_quoted(following)


def header_block(lines: Sequence[str], i: int) -> bool:
    """Whether headers of an older mail stand from line `i` on: a sender and two more kinds within a few lines."""
    first = HEADER.match(lines[i])
    if first is None or first.lastgroup == "more":
        return False
    kinds, blank, named = set(), 0, False
    for line in lines[i : i + 12]:
        found = HEADER.match(line)
        if found:
            kinds.add(found.lastgroup)
            named = named or found.lastgroup == "subject" or "@" in line
            blank = 0
        elif not line.strip():
            blank += 1
            if blank > 1:
                break
    return named and "from" in kinds and len(kinds - {"more"}) >= 3


def past_headers(lines: Sequence[str], i: int) -> int:
    """Behind the headers that may stand from line `i` on, wrapped ones and blank lines between them too."""
    at, seen = i, False
    for j in range(i, min(i + 16, len(lines))):
        if HEADER.match(lines[j]):
            at, seen = j + 1, True
        elif not lines[j].strip():
            if seen and (j + 1 >= len(lines) or not HEADER.match(lines[j + 1])):
                return j + 1
        elif not seen:
            break
    return at


def end_of_quote(lines: Sequence[str], i: int) -> int:
    """Behind the quoted lines that stand from line `i` on; `i` where none do."""
    ends, leader = i, ""
    for j in range(i, len(lines)):
        line = lines[j]
        found = LEADER.match(line)
        if is_quoted(line) or (leader and line.startswith(leader)):
            ends = j + 1
        elif ends == i and found and any(other.startswith(found["who"].strip()) for other in lines[j + 1 : j + 4]):
            leader, ends = found["who"].strip(), j + 1
        elif line.strip() and not wrapped_tail(lines, j):
            break
    return ends


def wrapped_tail(lines: Sequence[str], j: int) -> bool:
    """A short line between two quoted ones is the end of a quoted line that was wrapped."""
    between = 0 < j < len(lines) - 1 and is_quoted(lines[j - 1]) and is_quoted(lines[j + 1])
    return between and len(lines[j]) < 30 and len(lines[j - 1]) > 60


def answers_below(lines: Sequence[str], start: int) -> bool:
    """Whether words stand below a quoted mail that are more than a signature."""
    below = without_signature(lines, [i for i in range(start, len(lines)) if not is_quoted(lines[i])])
    words = [lines[i] for i in below if lines[i].strip() and not ORNAMENT.match(lines[i])]
    return bool(words) and not SIGNATURE.match(words[0])


def without_signature(lines: Sequence[str], kept: list[int]) -> list[int]:
    """Without what stands below "--", and without the partings of mail programs and ornaments at the end."""
    for place, i in enumerate(kept):
        if SIGNATURE.match(lines[i]) and has_words(lines, kept[:place]) and len(kept) - place <= LONGEST_SIGNATURE:
            kept = kept[:place]
            break
    while kept and (not lines[kept[-1]].strip() or PARTING.match(lines[kept[-1]]) or ORNAMENT.match(lines[kept[-1]])):
        kept = kept[:-1]
    return kept


def is_quoted(line: str) -> bool:
    return QUOTED.match(line) is not None


def has_words(lines: Sequence[str], numbers: Sequence[int]) -> bool:
    return any(lines[i].strip() and not ORNAMENT.match(lines[i]) for i in numbers)
