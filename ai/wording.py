"""How English and German say days, times, courts and durations: names, and the patterns that find them."""

import re

WEEKDAYS = {
    name: number
    for number, names in enumerate(
        [
            "monday mon montag mo",
            "tuesday tues tue dienstag di",
            "wednesday weds wed mittwoch mi",
            "thursday thurs thur thu donnerstag do",
            "friday fri freitag fr",
            "saturday sat samstag sonnabend sa",
            "sunday sun sonntag so",
        ]
    )
    for name in names.split()
}
MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "january jan januar jänner",
            "february feb februar",
            "march mar märz maerz",
            "april apr",
            "may mai",
            "june jun juni",
            "july jul juli",
            "august aug",
            "september sept sep",
            "october oct oktober okt",
            "november nov",
            "december dec dezember dez",
        ],
        start=1,
    )
    for name in names.split()
}
NUMBERS = {
    word: number
    for number, words in enumerate(
        [
            "one ein eins eine einem einer",
            "two zwei",
            "three drei",
            "four vier",
            "five fünf fuenf",
            "six sechs",
            "seven sieben",
            "eight acht",
            "nine neun",
            "ten zehn",
            "eleven elf",
            "twelve zwölf zwoelf",
        ],
        start=1,
    )
    for word in words.split()
}

NAMES_OF_DAYS = "|".join(
    sorted((d for d in WEEKDAYS if len(d) > 3 or d in ("mon", "tue", "wed", "thu", "fri")), key=len, reverse=True)
)
# People also sit, and lie in the sun.
SAT = r"(?-i:Sat|Sun|SAT|SUN)|(?:sat|sun)(?=[.,]?\s+(?:the\s+)?\d)|(?:(?<=on\ )|(?<=this\ )|(?<=next\ ))(?:sat|sun)"
SHORT_DAYS = "|".join(d for d in WEEKDAYS if len(d) == 2)
AFTER_AM = rf"(?:(?<=am\ )|(?<=auf\ )|(?<=vom\ ))(?:{SHORT_DAYS})(?!\w)"
LONG_DAYS = f"{NAMES_OF_DAYS}|{SAT}|{AFTER_AM}"
BEFORE_NUMBER = r"(?-i:Mo|Di|Mi|Do|Fr|Sa|So)(?=\s+\d{1,2}\.)"
ANY_DAY = rf"{LONG_DAYS}|(?:{SHORT_DAYS})(?=[.,])|{BEFORE_NUMBER}"  # else "do" and "so" are no days
GERMAN_DAY = "|".join(day for day in WEEKDAYS if day.endswith("tag") or day in ("mittwoch", "sonnabend"))
MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
NUMBER = "|".join(sorted(NUMBERS, key=len, reverse=True))
HOUR = rf"(?P<hour>\d{{1,2}}|{NUMBER})"
PART = r"(?:\s*(?:,\s*)?(?P<part>in the evening|this evening|in the morning|this morning|in the afternoon|tonight|evening|afternoon|morning|abends|am abend|nachmittags|am nachmittag|morgens|am morgen|vormittags|früh))?"
ORD = r"(?:st|nd|rd|th)"
HALF_DAY = rf"(?:p\.?m\b\.?|a\.?m\b\.?(?!\s+(?:{GERMAN_DAY}|\d)))"  # "um 6 am Sonntag" is no morning
COUNTED = rf"%|€|eur|people|persons|players|of\b|hours?\b|minutes?\b|min\b|days?\b|weeks?\b|months?\b|years?\b|stunden?\b|minuten\b|tage\b|wochen\b|jahre\b|personen\b|leute\b|{MONTH}|st\b|nd\b|rd\b|th\b|courts?\b"

DATES = re.compile(
    rf"""(?<![\w.])(?:
    (?P<iso>\d{{4}}-\d\d-\d\d)
    |(?:(?P<wd1>{ANY_DAY})\b[.,]?\s+(?:(?:the|den|dem)\s+)?)?
        (?P<d1>\d{{1,2}})(?P<sep>[./-])(?P<m1>\d{{1,2}})(?<![./-]00)(?:(?P=sep)(?P<y1>\d{{4}}|\d{{2}})\b|\.(?!\d)|(?![\d:.]))(?!\s*(?:uhr|h|[ap]\.?m)\b)
    |(?:(?P<wd2>{ANY_DAY})\b[.,]?\s+(?:(?:the|den|dem)\s+)?)?
        (?P<d2>\d{{1,2}})(?:{ORD}|\.)?\s*(?:of\s+)?(?P<m2>{MONTH})\b\.?(?:,?\s+(?P<y2>\d{{4}}))?
    |(?:(?P<wd3>{ANY_DAY})\b[.,]?\s+)?
        (?P<m3>{MONTH})\.?\s+(?P<d3>\d{{1,2}})(?:{ORD})?\b(?!\s*(?:pm|am|uhr|:))(?:,?\s+(?P<y3>\d{{4}}))?
    |(?P<wd4>{LONG_DAYS})\b,?\s+(?:(?:the|den|dem)\s+)?(?P<d4>\d{{1,2}})(?:{ORD}\b|\.(?!\d))
    |(?:the|den|am|dem)\s+(?P<d5>\d{{1,2}})(?:{ORD}\b|\.(?!\d))(?!\s*(?:of\s+)?(?:{MONTH})\b)
    |(?P<later>(?:a\ week\ on|übernächste[nr]?|uebernaechste[nr]?)\s+(?P<wd6>{LONG_DAYS})\b)
    |(?P<wd7>{LONG_DAYS})\b\s+(?P<later2>week|in\ einer\ woche|in\ acht\ tagen)\b
    |(?:(?:this|next|coming|this\ coming|nächste[nrm]?|naechste[nrm]?|kommende[nrm]?|diese[nrm]?)\s+)?(?P<wd8>{LONG_DAYS})s?\b(?:\s*(?=morgen|abend|nachmittag|vormittag|mittag))?
    |(?P<rel>the\ day\ after\ tomorrow|day\ after\ tomorrow|übermorgen|uebermorgen|today|tonight|this\ (?:evening|afternoon|morning)|tomorrow|tmrw|tmr|tomorow|tommorow|2moro|2morrow|heute?|yesterday|(?<!vor)gestern|(?<!guten\ )(?<!am\ )(?<!jeden\ )morgen(?!s))\b
    |in\ (?P<n9>\d|{NUMBER}|a)\s+(?P<u9>days?|weeks?|tagen|wochen?|fortnight)\b
    )(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)

TIMES = re.compile(
    rf"""(?<![\w.:/-])(?:
    (?P<half>half\s*(?:past\s*)?|halb\s*){HOUR}\b
    |(?P<quarter>(?:a\s+)?quarter\s+(?:past|to)|viertel\s+(?:nach|vor)|dreiviertel|viertel)\s+(?P<qhour>\d{{1,2}}|{NUMBER})\b
    |(?P<h1>\d{{1,2}})[:.](?P<min1>[0-5]\d)(?!\d|[./]\d)\s*(?P<ap1>{HALF_DAY})?(?:\s*(?P<clock1>uhr|h)\b)?
    |(?P<h7>\d{{1,2}})\s*(?:-|–|to|til|till|until|bis)\s*(?P<end7>\d{{1,2}})(?:[:.][0-5]\d)?(?:\s*(?P<ap7>{HALF_DAY})|\s*(?P<clock7>uhr|h)\b|\b(?!\s*(?:[./:-]\s*\d|\.|{COUNTED})))
    |(?P<h2>\d{{1,2}}|{NUMBER})\s*(?P<ap2>{HALF_DAY})
    |(?P<h3>\d{{1,2}}|{NUMBER})\s*(?P<clock>uhr|h|o['’]?\s?clock)\b(?:\s*(?P<min3>[0-5]\d)\b(?!\s*(?:min|uhr)))?
    |(?P<noon>12\ noon|noon|midday)\b
    |(?:(?<=at\ )|(?<=um\ )|(?<=ab\ )|(?<=to\ )|(?<=auf\ )|(?<=from\ )|(?<=gegen\ )|(?<=until\ )|(?<=for\ )|(?<=@\ )|(?<=@))
        (?P<h5>\d{{1,2}}|{NUMBER})\b(?!\s*(?:[./:-]\s*\d|{COUNTED}))
    |(?P<h6>\d{{1,2}}|{NUMBER})(?=\s+(?:in\ the\ (?:evening|morning|afternoon)|tonight|abends|nachmittags|morgens|vormittags)\b)
    ){PART}""",
    re.IGNORECASE | re.VERBOSE,
)

COURTS = re.compile(
    rf"""(?<!\w)(?:
    (?P<hall>halle|hall|indoor(?:\s+court)?)\s*(?:no\.?|nr\.?|number|\#)?\s*(?P<n1>\d{{1,2}}|{NUMBER})\b
    |(?:courts?|ct\.?|plätze|platz)\s*:?\s*(?:no\.?\s*|nr\.?\s*|number\s+|nummer\s+|\#)?(?P<n2>\d{{1,2}}|{NUMBER})\b
        (?P<more>(?:(?:\s*,\s*(?:\d{{1,2}}|{NUMBER})\b)*\s*(?:and|und|&|\+)\s*(?:\d{{1,2}}|{NUMBER})\b)?)(?!\s*(?:uhr|{HALF_DAY}|[:.]\d))
    )""",
    re.IGNORECASE | re.VERBOSE,
)

HOUR_AND_HALF = r"(?:an|one|1)\s+hour\s+and\s+a\s+half|(?:one|1)\s+and\s+a\s+half\s+hours?|anderthalb\s+stunden|eineinhalb\s+stunden|1[.,]5\s*(?:hours?|hrs?|h|stunden)|1\s?½\s*(?:hours?|h|stunden)"
DURATIONS = re.compile(
    rf"""(?<![\w.,])(?:
    (?P<ninety>{HOUR_AND_HALF})
    |(?P<min>\d{{2,3}})[\s-]*(?:minutes?|mins?\.?|minuten|min\.?)
    |(?P<h>\d|an|{NUMBER})[\s-]*(?:full\s+)?(?:hours?|hrs?|stunden?|std\.?|h)
    )(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
