"""Messages that are plainly a calculation, in the words that the calculator reads.

For models that call no tools: what they are asked is worked out before. Rather one is missed than a message taken for a
calculation that is none; whether it can be calculated is for the calculator to say.
"""

import re

CHARACTERS = 200

# Before a question, in the languages that most people write: they say nothing about the result.
ASKED = re.compile(
    r"(?:please|hey|hi|hello|can you|could you|tell me|bitte|por favor|s'il (?:te|vous) pla[iî]t|per favore"
    r"|what(?:'s| is| are| does)?|how much (?:is|are|does|do)|calculate|compute|evaluate|solve|work out"
    r"|was (?:ist|sind|ergibt|ergeben|macht)|wie ?viel (?:ist|sind|ergibt|ergeben|macht)|berechne|rechne"
    r"|cu[aá]nto (?:es|son|da|suma)|calcula|combien (?:font|fait|est-ce que font)|calcule[rz]?"
    r"|quanto (?:fa|fanno|[ée]|s[ãa]o|d[aá])|calcola|hoeveel is|wat is|bereken|ile (?:to|jest)|oblicz"
    r"|сколько будет|сколько|вычисли|посчитай|計算|请计算|計算して)[\s:,]+",
    re.IGNORECASE,
)
LARGER = (
    r"larger?|largest|bigger|biggest|greater|greatest|smaller|smallest|higher|highest|lower|lowest|more|less|most|least"
    r"|longer|longest|shorter|shortest|heavier|heaviest|lighter|lightest|farther|further|faster|slower"
)
COMPARED = re.compile(
    r"(?:compare|(?:which|what)(?:'s| (?:one |number |value |of these |of them )?(?:is|are|comes?))"
    rf" (?:the )?(?:{LARGER})(?: one| number| value)?"
    r"|(?:was|welche[rs]?(?: zahl)?) ist (?:gr[öo](?:ß|ss)er|kleiner|mehr|weniger|h[öo]her|l[äa]nger|k[üu]rzer)"
    r"|(?:qu[eé]|cu[aá]l(?: n[uú]mero)?) es (?:el )?(?:mayor|menor|m[aá]s (?:grande|peque[nñ]o|alto|bajo|largo))"
    r"|(?:lequel|laquelle|quel (?:nombre|chiffre)|qu'est-ce qui) est (?:le |la )?plus (?:grand|petit|long|haut)e?"
    r"|(?:qual|o que|que n[uú]mero)(?: n[uú]mero)? [ée] (?:o )?(?:maior|menor)"
    r"|(?:quale?|(?:che )?cosa)(?: numero)? (?:è|e'|e) (?:il )?(?:pi[uù] (?:grande|piccolo)|maggiore|minore)"
    r"|wat is (?:groter|kleiner|meer|minder)|(?:какое число|что) (?:больше|меньше)|co jest (?:większe|mniejsze))"
    r"[\s:,;?-]+",
    re.IGNORECASE,
)
# Words of other languages, and signs, between numbers.
WORDS = [
    (re.compile(rf"\s(?:{words})\s", re.IGNORECASE), sign)
    for words, sign in (
        ("oder|o|ou|или|czy|eller", " or "),
        ("mal|por|fois|vezes|per|maal|keer|умножить на|razy|multiplied by", " * "),
        ("geteilt durch|dividido (?:por|entre)|divis[ée] par|diviso(?: per)?|gedeeld door|(?:раз)?делить на", " / "),
        ("más|mas|mais|più|плюс|et", " + "),
        ("menos|moins|meno|минус", " - "),
        ("prozent von|por ciento de|pour cent de|per cento di|por cento de|процентов от", " % of "),
    )
]
PERCENT_OF = re.compile(r"(\d\s?%) (?:von|de|di|van|от|d[eo]s?) ", re.IGNORECASE)
# What a calculation has beside numbers; other than this it must have been asked for in words.
WORKED = re.compile(
    rf"[\d)]\s*[*×÷^√+·<>=≤≥]|\d\s+[-–−/]\s*\d|\d\s*x\s*\d|\d\s*%|[\d)]!|\bor\b|\bvs\b|\b(?:{LARGER}) than\b"
    rf"|\b(?:which|what) (?:one )?is (?:the )?(?:{LARGER})$|\b(?:difference|product) (?:between|of)\b"
    r"|\b(?:times|plus|minus|divided by|squared|cubed|modulo|mod|percent|half of|third of|quarter of)\b"
    r"|\b(?:sqrt|root|log|ln|exp|sin|cos|tan|abs|gcd|lcm|min|max|sum|average|mean|median)\b"
    r"|\d\D*\s(?:in|to|into|as)\s|\bhow many\b|\bdays? (?:between|until|since|from|after|before)\b",
    re.IGNORECASE,
)
TIME = re.compile(
    r"what(?:'s the| is the)? time (?:is it )?in\s"
    r"|how many (?:\w+ )(?:until|till|since|(?:are )?(?:there )?in an?)\s",
    re.IGNORECASE,
)
# What is better is no matter of numbers.
JUDGED = re.compile(
    r"\b(?:better|best|worse|worst|nicer|cooler|older|newer|safer|easier|harder|healthier)\b", re.IGNORECASE
)
# A date, a number of a phone, the year of a war: nobody wants these worked out.
NAMED = re.compile(r"[+(]?\d[\d\s()]*(?:[-/–.]\d+)*|\d+[-/–]\d+(?:[-/–]\d+)*")


def calculation(text: str) -> str:
    """What a message asks to be calculated; empty where it asks for something else."""
    line = text.strip().strip("¿?¡!=. \n")
    if text.rstrip().endswith("!") and line[-1:].isdigit() and not text.rstrip().endswith("!!"):
        line += "!"
    if "\n" in line or not 0 < len(text) <= CHARACTERS:
        return ""
    if TIME.match(line):
        return line
    if not any(sign.isdigit() for sign in line):
        return ""
    asked, compared = line, COMPARED.match(line)
    if compared is None:
        while found := ASKED.match(asked):
            asked = asked[found.end() :]
            if compared := COMPARED.match(asked):
                break
    if compared is not None:
        # Dutch: "wat is groter, 9,11 of 9,9".
        asked = "compare " + asked[compared.end() :].replace(" of ", " or ")
    for pattern, sign in WORDS:
        asked = pattern.sub(sign, asked)
    asked = PERCENT_OF.sub(r"\1 of ", asked).strip()
    if NAMED.fullmatch(asked) or JUDGED.search(asked) or not (compared or WORKED.search(asked)):
        return ""
    return asked
