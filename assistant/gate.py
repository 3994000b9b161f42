"""Whether tools are worth offering for a message, and what a model that calls none needs to have looked up."""

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


# What only the web knows, in the same languages: what is new, and what changes from day to day.
NEWS = re.compile(
    r"\b(?:news|headlines?|latest|happen(?:s|ed|ing)|currently|right now|weather|forecast|who won|live score|election"
    r"|(?:stock|share|gold|oil|gas|bitcoin) price|price of|exchange rate|release date|opening hours"
    r"|nachrichten|schlagzeilen|neueste\w*|neuigkeiten|aktuell\w*|wetter|passiert|gewonnen|wechselkurs"
    r"|noticias|titulares|[uú]ltimas?|actualidad|actualmente|clima|pas[oó] (?:hoy|ayer)|qui[eé]n gan[oó]"
    r"|actualit[eé]s?|nouvelles|derni[eè]res?|m[eé]t[eé]o|s'est pass[eé]|qui a gagn[eé]"
    r"|notizie|ultimissime|meteo|successo|chi ha vinto|not[ií]cias|aconteceu|previs[ãa]o|quem ganhou|nieuws|weerbericht"
    r"|wiadomości|pogoda|haberler?|hava durumu|berita|cuaca|tin tức|thời tiết)\b"
    r"|новост|погод|произошло|случилось|新闻|新聞|最新|天气|天氣|ニュース|天気|뉴스|날씨|أخبار|الطقس|समाचार|मौसम",
    re.IGNORECASE,
)
NOW = re.compile(
    r"\b(?:today|tonight|yesterday|tomorrow|this (?:week|weekend|month|year|season)|20(?:2[5-9]|[3-9]\d)"
    r"|heute|gestern|morgen|diese[snr]? (?:woche|monat|jahr|saison)|hoy|ayer|ma[ñn]ana|est[ae] (?:semana|mes|a[ñn]o)"
    r"|aujourd'hui|hier|demain|cette (?:semaine|ann[eé]e)|oggi|ieri|domani|hoje|ontem|amanh[ãa]|vandaag|gisteren"
    r"|сегодня|вчера|завтра|bugün|hari ini|hôm nay)\b|今日|今天|昨天|明天|오늘|어제|내일|اليوم|आज",
    re.IGNORECASE,
)
# Of oneself: no page has it. And what is to be written: no page is needed.
OWN = re.compile(
    r"\b(?:i|i'm|i've|me|my|mine|we|us|our|ich|mir|mich|mein\w*|wir|uns\w*|yo|mi|mis|nosotros|je|j'ai|moi|mon|ma|mes|nous"
    r"|io|mio|mia|noi|eu|meu|minha|n[oó]s|я|мне|мой|моя|мы)\b|我|私|나는",
    re.IGNORECASE,
)
WRITTEN = re.compile(
    r"[\W_]*(?:please |bitte |por favor,? )?(?:write|rewrite|translate|summari[sz]e|correct|improve|draw|imagine"
    r"|compose|explain|define|schreib\w*|übersetz\w*|verbesser\w*|erkl[äa]r\w*|escrib\w*|traduc\w*|explica\w*|écri\w*|tradui\w*"
    r"|expliqu\w*|scriv\w*|traduci\w*|spiega\w*|escrev\w*|traduz\w*|напиши|переведи|объясни)\b",
    re.IGNORECASE,
)
QUESTION_CHARACTERS = 300


def asks_of_now(text: str) -> bool:
    """Whether the message `text` plainly asks what only the web knows. A model that calls tools judges better."""
    if len(text) > QUESTION_CHARACTERS or WRITTEN.match(text):
        return False
    text = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    asks = bool(re.search(r"[?？؟]", text)) and not OWN.search(text)
    return bool(NEWS.search(text)) or (asks and bool(NOW.search(text)))


def may_use_tools(text: str) -> bool:
    """Whether the message `text` may need a tool: it says more than a greeting, a thank-you or a yes."""
    return not TALK.fullmatch(text.strip())
