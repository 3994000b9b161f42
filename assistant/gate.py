"""Whether tools are worth offering for a message. Small models call them for a greeting, if they are there."""

import re

# What people say when they want nothing looked up, in the languages that most of them write.
PHRASES = (
    "hi|hey|hello|hiya|yo|good (?:morning|evening|afternoon|night)|how are you(?: doing)?(?: today)?|what'?s up",
    "thanks?(?: (?:you|a lot|so much))?|thank you(?: (?:so|very) much)?|thx|ty|cheers|ok(?:ay)?|cool|great|nice",
    "perfect|wow|lol|haha+|bye|good ?bye|see you|yes|no|yep|nope|sure|please|sorry",
    "hola|buen[oa]s? (?:d[ií]as?|tardes?|noches?)|(?:muchas )?gracias|c[oó]mo est[aá]s|qu[eé] tal|adi[oó]s|vale|s[ií]",
    "hallo|guten (?:morgen|tag|abend)|moin|servus|danke(?: (?:dir|sch[oö]n))?|tsch[uü]ss|ja|nein",
    "wie geht(?:'?s| es dir)",
    "bonjour|salut|bonsoir|merci(?: beaucoup)?|[cç]a va|au revoir|oui|non|d'accord",
    "ol[aá]|oi|bom dia|boa (?:tarde|noite)|obrigad[oa]|tudo bem|tchau|sim|n[aã]o",
    "ciao|buongiorno|buonasera|grazie(?: mille)?|come stai|s[iì]",
    "привет|здравствуй(?:те)?|спасибо|как дела|пока|да|нет",
    "你好|您好|谢谢|再见|早上好|こんにちは|おはよう(?:ございます)?|ありがとう(?:ございます)?|안녕(?:하세요)?|감사합니다",
    "مرحبا|شكرا|नमस्ते|धन्यवाद|merhaba|teşekkürler|selam|halo|terima kasih",
)
WHOM = "there|you|all|everyone|assistant|friend"
SIGNS = r"(?:[^\w\s]|_|\s)*"
# A message that is nothing but such phrases, with signs and emoji around them. No way back (?>): none takes long.
TALK = re.compile(
    rf"{SIGNS}(?>(?:{'|'.join(PHRASES)})(?!\w)(?:[ ,]+(?:{WHOM})(?!\w))?{SIGNS})+",
    re.IGNORECASE,
)


# Addresses as people paste them.
LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
BARE_LINKS = re.compile(rf"\s*<?{LINK.pattern}(?:\s+<?{LINK.pattern}){{0,4}}\s*", re.IGNORECASE)


def is_bare(text: str) -> bool:
    """Whether a message is nothing but addresses, so that it has no question yet."""
    return bool(BARE_LINKS.fullmatch(text))


def may_use_tools(text: str) -> bool:
    """Whether the message `text` may need a tool: it says more than a greeting, a thank-you or a yes."""
    return not TALK.fullmatch(text.strip())
