"""Text that talks to the program instead of the desk: "ignore your instructions", a model's control tokens, its JSON. Pure.

It is only a flag. Nothing that stands in a mail can trigger anything, found here or not.
"""

import re
import unicodedata

LONGEST = 60_000
UNSEEN = re.compile(
    "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\ufe00-\ufe0f\u034f\u180e\u0300-\u036f]"
)
TAGS = re.compile("[\U000e0020-\U000e007e]+")  # a second alphabet that no font shows
SPACED = re.compile(r"\b(?:\w[ .\-_*]){5,}\w\b")  # i g n o r e
OTHER_LETTERS = re.compile("[\u0370-\u04ff]")  # Greek and Cyrillic
LOOKALIKES = str.maketrans("аеорсухіјѕԁһкмтвнΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαι", "aeopcyxijsdhkmtbhABEZHIKMNOPTYXoai")

SOFTWARE = r"(?:ai|a\.i\.|assistant|bot|chatbot|language model|llm|model|system|software|program(?:me)?|courtdesk|classifier|parser|autopilot|draft(?:ing)? (?:engine|tool|model)|automation|gpt|ki|k\.i\.|assistent\w*|sprachmodell\w*|modell\w*|programm\w*|automat\w*|ticketsystem\w*)"
# Three patterns for lower-case text, for speed: each looks only where one of its own may begin.
WORDS = re.compile(
    r"\b(?=[a-zäöü])(?:"
    # what it is told to forget
    r"(?:ignore|disregard|forget|override|overrule|bypass|skip|do not (?:follow|obey)|stop following|pay no attention to)\b[^.\n]{0,40}\b(?:instruction|prompt|rule|direction|guideline|order|polic|restriction|training|said before|(?:all|everything|any|what\w*|text|lines?|words|mail) (?:\w+ )?above|previous|earlier|check|review|approv)|"
    r"(?:ignorier|missacht|vergiss|vergesst|vergessen sie|umgeh|überspring|übergeh)\w*\b[^.\n]{0,40}\b(?:anweisung|vorgabe|regel|befehl|prompt|instruktion|richtlini|bisherig|vorherig|obig|prüfung|freigabe|kontrolle)|"
    # whom it is told to
    rf"(?:note|message|memo|instructions?|orders?|attention|directive|request|reminder|hint|info|information|for|dear|hello|hey|hi) (?:for|to|from)? ?(?:the |this |your |any |all |every )?{SOFTWARE}s?\s*[:,;\]>)\-—]|"
    rf"(?:anweisung(?:en)?|hinweis|nachricht|befehl|mitteilung|notiz|info|bemerkung) (?:an|für) (?:das|die|den|dieses|alle|jede[sn]?) (?:\w+ )?{SOFTWARE}|"
    rf"(?:an|für|liebe[rs]?|hallo|achtung)[,:]? (?:das |die |den |dieses )?(?:{SOFTWARE}|system)\s*[:,;\]>)\-—]|"
    r"you are (?:now )?(?:an?|the|in|my|no longer)\b[^.\n]{0,30}\b(?:ai|assistant|bot|model|mode|agent|tool|system|language)|du bist (?:jetzt |nun |ab jetzt )?(?:ein|eine|im|in|kein)\w*\b[^.\n]{0,30}(?:assistent|ki\b|bot|modell|modus|system)|"
    r"(?:if|when|wenn|falls) (?:you|du|sie)\b[^.\n]{0,15}(?:are|bist|sind|ist)\b[^.\n]{0,10}\b(?:an?|ein|eine)\b[^.\n]{0,12}\b(?:ai|bot|language model|model|machine|program|assistant|ki|sprachmodell|maschine|programm|assistent)|"
    r"(?:as|als) (?:an? |eine? )?(?:ai|language model|llm|ki|sprachmodell)\b|(?:system|developer|hidden|initial) ?-?prompt|prompt(?:s)? (?:injection|aus|leak|text)|(?:debug|developer|maintenance|god|admin|sudo|test|wartungs|entwickler)-? ?(?:mode|modus)\b|"
    # what it is told to do
    r"(?:approve|sign off|execute|release|authori[sz]e)\b[^.\n]{0,30}\b(?:automatically|without (?:asking|review|approval|checking|a person|any|human|confirmation)|at once and|immediately and do not|all (?:open |pending |other )?tickets|every (?:open |pending )?ticket|this (?:ticket|draft|request|mail|message|proposal|action)|yourself)|"
    r"(?:genehmig|bestätig|freigeb|gib|führ|sende|schick|gebt|erteile)\w*\b[^.\n]{0,40}\b(?:automatisch|ohne (?:rückfrage|prüfung|freigabe|nachfrage|zu fragen|kontrolle|dass jemand|menschliche)|alle (?:offenen )?tickets|dieses ticket|diesen vorgang|selbst frei)|"
    r"(?:classify|categori[sz]e|label|treat|mark|tag|set|file) (?:this|the|it)\b[^.\n]{0,40}\b(?:as|to)\b[^.\n]{0,30}\b(?:create|reset|update|delete|cancel|move|approved|verified|trusted|done|signed|account|booking|category|confidence|urgent|safe)|"
    r"(?:kategorie|category|confidence|konfidenz|needs[_ ]human|username|details|reply|action|aktion)\W{0,3}(?:=|:|->|auf|must be|muss|ist|is)\W{0,3}(?:create_|reset_|update_|delete_|cancel_|move_|general_|other|1(?:\.0)?\b|100|false|true|\{)|"
    r"(?:answer|respond|reply|output|write|return|print|repeat|antwort\w*|schreib\w*|gib|wiederhol\w*) (?:only |exactly |nur |exakt |ausschließlich |with |mit |in |aus |the |das |den |your |deine[nr]? |ihre[nr]? )*(?:json|the following|this object|verbatim|system|prompt|instructions|anweisungen|folgendes|folgendem|wort für wort)|"
    r"(?:create|reset|update|delete|cancel|move)_(?:account|password|booking)\b|general_inquiry\b|needs_human\b|signed (?:off )?by courtdesk"
    r")"
)  # fmt: skip
LINES = re.compile(
    r"^(?:"
    rf"[^\w\n]{{0,20}}(?:{SOFTWARE}|developer|administrator|admin|root)\s*(?:\((?:message|prompt)\)|message|prompt|note|override|update|notice|-?nachricht|-?hinweis|-?meldung)?\s*[:>\]]|"
    r"[ \t>]{0,20}###? ?(?:instruction|response|system|human|assistant|anweisung|antwort)|[ \t>]{0,20}(?:human|assistant)[ \t]{0,5}:"
    r")",
    re.MULTILINE,
)  # fmt: skip
MARKS = re.compile(  # how its own texts look
    r"(?=[<\[{a])(?:"
    r"<\|?/?(?:im_start|im_end|endoftext|eot_id|start_header_id|end_header_id|begin_of_text|end_of_text|assistant|system|user|tool|s|sys)\|?>|<\|[^|\n]{0,40}\|>|\[/?inst\]|<</?sys>>|</s>|<(?:start|end)_of_turn>|"
    r"\{\s*\"(?:category|username|details|reply|action|tool|function|role)\"\s*:|<tool_call>|\{reset_url\}|\{set_password_url\}|\{\{|\{%|approved by (?:staff|a human|the office|courtdesk|mia)"
    r")"
)  # fmt: skip


def talks_to_software(words: str) -> bool:
    """Whether some of it is meant for a program. Tricks with characters that nobody sees, or that look alike, are undone."""
    words = words[:LONGEST]
    if TAGS.search(words):
        return True
    plain = UNSEEN.sub("", unicodedata.normalize("NFKC", words))
    if gives_orders(plain):
        return True
    if OTHER_LETTERS.search(plain) and gives_orders(plain.translate(LOOKALIKES)):
        return True
    close = SPACED.sub(lambda found: re.sub(r"[ .\-_*]", "", found[0]), plain)
    return close != plain and gives_orders(close)


def gives_orders(plain: str) -> bool:
    lower = plain.lower()
    return any(pattern.search(lower) for pattern in (WORDS, LINES, MARKS))
