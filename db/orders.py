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
LOOKALIKES = str.maketrans("аеорсухіјѕԁһкмтвнΑΒΕΖΗΙΚΜΝΟΡΤΥΧοαι", "aeopcyxijsdhkmtbhABEZHIKMNOPTYXoai")

SOFTWARE = r"(?:ai|a\.i\.|assistant|bot|chatbot|language model|llm|model|system|software|program(?:me)?|courtdesk|classifier|parser|autopilot|draft(?:ing)? (?:engine|tool|model)|automation|gpt|ki|k\.i\.|assistent\w*|sprachmodell\w*|modell\w*|programm\w*|automat\w*|ticketsystem\w*)"
ORDERS = re.compile(
    # what it is told to forget
    r"\b(?:ignore|disregard|forget|override|overrule|bypass|skip|do not (?:follow|obey)|stop following|pay no attention to)\b[^.\n]{0,40}\b(?:instruction|prompt|rule|direction|guideline|order|polic|restriction|training|said before|(?:all|everything|any|what\w*|text|lines?|words|mail) (?:\w+ )?above|previous|earlier|check|review|approv)|"
    r"\b(?:ignorier|missacht|vergiss|vergesst|vergessen sie|umgeh|überspring|übergeh)\w*\b[^.\n]{0,40}\b(?:anweisung|vorgabe|regel|befehl|prompt|instruktion|richtlini|bisherig|vorherig|obig|prüfung|freigabe|kontrolle)|"
    # whom it is told to
    rf"\b(?:note|message|memo|instructions?|orders?|attention|directive|request|reminder|hint|info|information|for|dear|hello|hey|hi) (?:for|to|from)? ?(?:the |this |your |any |all |every )?{SOFTWARE}s?\s*[:,;\]>)\-—]|"
    rf"\b(?:anweisung(?:en)?|hinweis|nachricht|befehl|mitteilung|notiz|info|bemerkung) (?:an|für) (?:das|die|den|dieses|alle|jede[sn]?) (?:\w+ )?{SOFTWARE}|"
    rf"\b(?:an|für|liebe[rs]?|hallo|achtung)[,:]? (?:das |die |den |dieses )?(?:{SOFTWARE}|system)\s*[:,;\]>)\-—]|"
    rf"^[^\w\n]{{0,20}}(?:{SOFTWARE}|developer|administrator|admin|root)\s*(?:\((?:message|prompt)\)|message|prompt|note|override|update|notice|-?nachricht|-?hinweis|-?meldung)?\s*[:>\]]|"
    r"\byou are (?:now )?(?:an?|the|in|my|no longer)\b[^.\n]{0,30}\b(?:ai|assistant|bot|model|mode|agent|tool|system|language)|\bdu bist (?:jetzt |nun |ab jetzt )?(?:ein|eine|im|in|kein)\w*\b[^.\n]{0,30}(?:assistent|ki\b|bot|modell|modus|system)|"
    r"\b(?:if|when|wenn|falls) (?:you|du|sie)\b[^.\n]{0,15}(?:are|bist|sind|ist)\b[^.\n]{0,10}\b(?:an?|ein|eine)\b[^.\n]{0,12}\b(?:ai|bot|language model|model|machine|program|assistant|ki|sprachmodell|maschine|programm|assistent)|"
    r"\b(?:as|als) (?:an? |eine? )?(?:ai|language model|llm|ki|sprachmodell)\b|\b(?:system|developer|hidden|initial) ?-?prompt|\bprompt(?:s)? (?:injection|aus|leak|text)|\b(?:debug|developer|maintenance|god|admin|sudo|test|wartungs|entwickler)-? ?(?:mode|modus)\b|"
    # what it is told to do
    r"\b(?:approve|sign off|execute|release|authori[sz]e)\b[^.\n]{0,30}\b(?:automatically|without (?:asking|review|approval|checking|a person|any|human|confirmation)|at once and|immediately and do not|all (?:open |pending |other )?tickets|every (?:open |pending )?ticket|this (?:ticket|draft|request|mail|message|proposal|action)|yourself)|"
    r"\b(?:genehmig|bestätig|freigeb|gib|führ|sende|schick|gebt|erteile)\w*\b[^.\n]{0,40}\b(?:automatisch|ohne (?:rückfrage|prüfung|freigabe|nachfrage|zu fragen|kontrolle|dass jemand|menschliche)|alle (?:offenen )?tickets|dieses ticket|diesen vorgang|selbst frei)|"
    r"\b(?:classify|categori[sz]e|label|treat|mark|tag|set|file) (?:this|the|it)\b[^.\n]{0,40}\b(?:as|to)\b[^.\n]{0,30}\b(?:create|reset|update|delete|cancel|move|approved|verified|trusted|done|signed|account|booking|category|confidence|urgent|safe)|"
    r"\b(?:kategorie|category|confidence|konfidenz|needs[_ ]human|username|details|reply|action|aktion)\W{0,3}(?:=|:|->|auf|must be|muss|ist|is)\W{0,3}(?:create_|reset_|update_|delete_|cancel_|move_|general_|other|1(?:\.0)?\b|100|false|true|\{)|"
    r"\b(?:answer|respond|reply|output|write|return|print|repeat|antwort\w*|schreib\w*|gib|wiederhol\w*) (?:only |exactly |nur |exakt |ausschließlich |with |mit |in |aus |the |das |den |your |deine[nr]? |ihre[nr]? )*(?:json|the following|this object|verbatim|system|prompt|instructions|anweisungen|folgendes|folgendem|wort für wort)|"
    r"\b(?:create|reset|update|delete|cancel|move)_(?:account|password|booking)\b|\bgeneral_inquiry\b|\bneeds_human\b|"
    # how its own texts look
    r"<\|?/?(?:im_start|im_end|endoftext|eot_id|start_header_id|end_header_id|begin_of_text|end_of_text|assistant|system|user|tool|s|sys)\|?>|<\|[^|\n]{0,40}\|>|\[/?inst\]|<</?sys>>|</s>|<(?:start|end)_of_turn>|^[ \t>]{0,20}###? ?(?:instruction|response|system|human|assistant|anweisung|antwort)|^[ \t>]{0,20}(?:human|assistant)[ \t]{0,5}:|"
    r"\{\s*\"(?:category|username|details|reply|action|tool|function|role)\"\s*:|<tool_call>|\{reset_url\}|\{set_password_url\}|\{\{|\{%|approved by (?:staff|a human|the office|courtdesk|mia)|\bsigned (?:off )?by courtdesk",
    re.IGNORECASE | re.MULTILINE,
)  # fmt: skip


def talks_to_software(words: str) -> bool:
    """Whether some of it is meant for a program. Tricks with characters that nobody sees, or that look alike, are undone."""
    words = words[:LONGEST]
    if TAGS.search(words):
        return True
    plain = UNSEEN.sub("", unicodedata.normalize("NFKC", words))
    if ORDERS.search(plain):
        return True
    if any("\u0370" <= one <= "\u04ff" for one in plain) and ORDERS.search(plain.translate(LOOKALIKES)):
        return True
    close = SPACED.sub(lambda found: re.sub(r"[ .\-_*]", "", found[0]), plain)
    return close != plain and ORDERS.search(close) is not None
