"""Messages that ask to have something remembered or forgotten in so many words, and what that is.

What is remembered counts in all later conversations, so no page, file or pasted text may bring it about. A wish is read
only where the person themselves can be told to have it: it begins a sentence, or ends one, of a short message of one
paragraph that quotes nothing and asks for no work on a text. Everything else wishes nothing; the commands always do.
"""

import re

from assistant.folding import normalized, words

# What is longer, or has more paragraphs, may be pasted.
OWN_CHARACTERS = 600
OWN_SENTENCES = 12

_POLITE = (
    r"(?:(?:hi|hello|hey|ok(?:ay)?|so|and|also|oh|well|yes|thanks|thank you|please|just|by the way|btw|always"
    r"|bitte|übrigens|und|hallo|por favor|hola|y|s'il (?:te|vous) pla[iî]t|stp|bonjour|et|per favore|ciao|e|olá"
    r"|alsjeblieft|proszę|prosím|пожалуйста|будь ласка|привет|и|lütfen|tolong|من فضلك|कृपया|chaski)[,!:، ]++"
    r"|请|請){0,6}+"
)
_ASK = (
    r"(?:(?:(?:can|could|would|will) you|i(?:'d| would)? (?:want|like|need) you to|make sure (?:to|that you)"
    r"|you (?:should|must|can|need to|have to)|it'?s important (?:to|that you)"
    r"|kannst du|könntest du|können sie|puedes|podrías|quiero que|peux-tu|tu peux|pourrais-tu"
    r"|pouvez-vous|pode|você pode|puoi|potresti|kun je|kan du|możesz|můžeš"
    r"|можешь|ты можешь|можеш)(?: please| bitte| por favor| also)* )"
)
_THAT = r"(?:,? (?:that|this|these|the following|of|about me|for (?:me|later|next time|the future))|[:,])*"
# What begins a sentence that wishes to have its rest remembered.
_REMEMBER = (
    rf"(?:remember|memori[sz]e|keep in (?:mind|(?:your )?memory)|bear in mind|(?:don'?t|do not|never) forget"
    rf"|(?:take |make a )?note(?! que\b)|update your memory"
    rf"|(?:save|store)(?= that | this:)|(?:save|add|commit|store)(?: (?:this|it))? (?:to|in) (?:your )?memory){_THAT} ",
    r"(?:merke? dir|merken sie sich|dir merken|denke? (?:daran|dran)|vergiss nicht|behalte? im (?:kopf|gedächtnis)"
    r"|notiere? dir)(?: bitte| mal| doch)*(?:,? dass|:|,)* ",
    r"(?:recu[eé]rda|record[aá]|recuerde|recordar|ten(?:ga)? en cuenta|acu[eé]rdate(?: de)?"
    r"|no (?:te )?olvides(?: de)?|memoriza|apunta|anota|toma nota(?: de)?|guarda en (?:tu )?memoria)"
    r"(?: que| esto|:|,)* ",
    r"(?:souviens-toi|rappelle-toi|te souvenir|te rappeler|retiens|retenir|souvenez-vous|retenez|n'oublie[zs]? pas"
    r"|mémorise|note|garde en (?:mémoire|tête))(?: ceci| bien|:|,)*(?: que | qu'| de | d'| )",
    r"(?:lembre(?:-se)?|lembra(?:-te)?|lembrar|não (?:se |te )?esque[çc]as?|memorize|guarde|anote|tenha em mente)"
    r"(?: de| disto| isto|:|,)*(?: que)? ",
    r"(?:ricorda(?:ti)?|ricordare|tieni (?:presente|a mente)|non dimenticare|memorizza|annota|prendi nota)"
    r"(?: di| questo|:|,)*(?: che)? ",
    r"(?:onthoud(?:en)?|vergeet niet|noteer)(?:,? dat| dit|:|,)* ",
    r"(?:kom ihåg|komma ihåg|glöm inte|husk|huske|glem ikke)(?:,? att?|:|,)* ",
    r"(?:zapamiętaj|pamiętaj|nie zapomnij|zapamatuj si|pamatuj si|nezapomeň)(?: sobie)?(?:,? że|:|,)* ",
    r"(?:запомни|помни|не забудь|не забывай|имей в виду|запам'ятай|пам'ятай)(?:те)?(?:,? (?:что|що)|:|,)* ",
    r"(?:ingat(?:lah)?|jangan lupa)(?: bahwa|:|,)* ",
    r"(?:hãy nhớ|nhớ|đừng quên)(?: rằng| là|:|,)* ",
    r"(?:تذكر|تذكّر|تذكري|لا تنس|لا تنسى|احفظ)(?: أن|:|،)* ",
    r"(?:תזכור|תזכרי|זכור|זכרי|אל תשכח|אל תשכחי)(?::|,)* ",
    r"(?:याद (?:रखो|रखना|रखें|रखिए)|मत भूलो|ध्यान रखो)(?: कि|:|,)* ",
    r"你?(?:帮我|幫我)?(?:记住|記住|记得|記得|记下|記下|别忘了|別忘了|不要忘记|不要忘記)[：:，, ]*",
)
_BEGINS = re.compile(rf"{_POLITE}{_ASK}?+(?:{_POLITE}(?:{'|'.join(_REMEMBER)}))(.+)", re.IGNORECASE | re.DOTALL)
# What is to count from now on is remembered with these words.
_FROM_NOW = re.compile(
    r"(?:please )?(?:from now on|in (?:the )?future|ab jetzt|in zukunft|von nun an|a partir de ahora"
    r"|de ahora en adelante|à partir de maintenant|désormais|a partir de agora|d'ora in poi"
    r"|vanaf nu|отныне|с этого момента"
    r"|从现在起|從現在起|以后|これからは?)[,，、 ]+.+",
    re.IGNORECASE | re.DOTALL,
)
# What ends a sentence, or is one, that wishes to have what stands before it remembered.
_THIS = (
    rf"{_POLITE}{_ASK}?+(?:"
    r"remember|(?:remember|memori[sz]e|(?:don'?t|do not|never) forget|save|note) (?:that|this|it|all that|both|these)"
    r"|(?:keep|bear) (?:that|this|it) in (?:mind|memory)|(?:make a|take) note of (?:that|this|it)|from now on"
    r"|(?:add|save|store|commit|put) (?:that|this|it) (?:to|in) (?:your )?memory"
    r"|merke? dir das|vergiss das nicht|denke? daran|das merken|recu[eé]rdalo|tenlo en cuenta|no lo olvides"
    r"|retiens-le|souviens-t'en|ne l'oublie pas|garde ça en (?:tête|mémoire)|lembre-se disso"
    r"|não (?:se )?esqueça(?: disso)?|ricordalo|ricordatelo|tienilo (?:a mente|presente)|non dimenticarlo"
    r"|onthoud (?:dat|dit)|kom ihåg det|husk det|zapamiętaj to|zapamatuj si to|запомни(?:те)?(?: это)?"
    r"|не забудь(?: это)?|запам'ятай це|ingat itu"
    r"|hãy nhớ(?: điều này)?|(?:このことを|それを|これを)?覚えて(?:おいて)?(?:ください|下さい|ね)?"
    r"|تذكر ذلك|याद रख(?:ना|ो)|(?:记住|記住)(?:这一点|這一點|这个|了)?"
    r")(?:,? (?:please|bitte|por favor|for (?:me|later|next time|the future)|next time|in future))*"
)
_ALONE = re.compile(_THIS, re.IGNORECASE)
_ENDS = re.compile(rf"(.+?)[,;:。，、 –-]++{_THIS}", re.IGNORECASE | re.DOTALL)
# Languages whose verb comes last.
_LAST = re.compile(
    r"(.+?)(?:(?:という|って)?(?:こと)?(?:を|は)?|と)(?:覚えて(?:おいて)?|記憶して|忘れないで)(?:ください|下さい|ね|くれ|ほしい)?"
    r"|(.+?)(?:는 것을|다는 것을|다는 걸|다고|는 걸|을|를|,)? ?(?:기억해|잊지 마)(?: ?줘| ?주세요|세요|요)?"
    r"|(.+?) (?:unutma|hatırla|aklında tut|not et)(?:yın|yin|ın|in)?"
    r"|(.+?)(?:,|।)? (?:यह )?याद (?:रखो|रखना|रखें|रखिए)",
    re.IGNORECASE | re.DOTALL,
)

_ABOUT = r"(?:,? (?:that|about|the fact that|what (?:i (?:said|told you)|you (?:know|remember))(?: about)?))*"
_FORGET = re.compile(
    rf"{_POLITE}{_ASK}?+{_POLITE}(?:"
    rf"forget{_ABOUT} (?P<a>.+)"
    r"|(?:delete|remove|erase) (?P<b>.+?) from (?:your |the )?memory"
    r"|(?:delete|remove|erase) (?:what you (?:know|remember) (?:about|of)|the memory (?:that|of|about)) (?P<v>.+)"
    r"|(?:stop remembering|(?:don'?t|do not|no longer) remember)(?: that)? (?P<c>.+?)(?: any ?more)?"
    r"|(?:vergiss|vergessen sie)(?! (?:bitte )?nicht)(?: bitte| mal)*(?:,? dass|,? was ich)* (?P<d>.+)"
    r"|(?:olv[ií]da(?:te)?|olvide)(?: de)?(?: que)? (?P<e>.+)"
    r"|oublie[zs]?(?: que | qu'| )(?P<f>.+)"
    r"|esque[çc]a(?:-se)?(?: de)?(?: que)? (?P<g>.+)"
    r"|dimentica(?:ti)?(?: di)?(?: che)? (?P<h>.+)"
    r"|vergeet(?! niet)(?:,? dat)? (?P<i>.+)|(?:glöm|glem)(?! (?:inte|ikke))(?:,? att?)? (?P<j>.+)"
    r"|(?:zapomnij|zapomeň)(?:,? że| o)? (?P<k>.+)|забуд[ьу](?:те)?(?:,? (?:что|що|о|об|про))? (?P<l>.+)"
    r"|lupakan(?: bahwa)? (?P<m>.+)|hãy quên(?: rằng)? (?P<n>.+)|(?:انس|انسى)(?: أن)? (?P<o>.+)"
    r"|(?:תשכח|תשכחי|שכח) (?P<p>.+)|你?(?:忘记|忘記|忘掉|忘了)[：:，, ]*(?P<q>.+)"
    r"|(?P<r>.+?)(?:という)?(?:こと)?(?:を|は)忘れて(?:ください|下さい|くれ|ね)?"
    r"|(?P<s>.+?)(?:는 것을|다는 걸|을|를)? ?잊어 ?(?:버려|줘|주세요)|(?P<t>.+?)(?:ı|i|u|ü)? unut"
    r"|(?P<u>.+?) (?:को )?भूल जाओ"
    r")",
    re.IGNORECASE | re.DOTALL,
)
_EVERYTHING = re.compile(
    r"(?:please )?(?:forget )?(?:everything|all)(?: (?:that )?(?:you (?:know|remember)(?: about me)?|about me"
    r"|i (?:told you|asked you to remember)))?"
    r"|(?:please )?(?:clear|erase|delete|wipe|empty) (?:all )?(?:your |my |the )?(?:memory|memories)(?:,? please)?"
    r"|(?:please )?(?:erase|delete) (?:everything|all)(?: that)? you (?:know|remember)(?: about me)?"
    r"|(?:vergiss )?alles(?:,? was du (?:über mich )?weißt| über mich)?|(?:olvida )?todo(?: lo que sabes)?(?: (?:de"
    r"|sobre) mí)?"
    r"|(?:oublie )?tout(?: ce que tu sais)?(?: (?:de|sur) moi)?"
    r"|(?:esqueça )?tudo(?: o que (?:você )?sabe)?(?: sobre mim)?"
    r"|(?:dimentica )?tutto(?: quello che sai)?(?: (?:di|su di) me)?|(?:vergeet )?alles(?: over mij)?"
    r"|(?:забудь )?вс[её](?: (?:обо мне|что (?:ты )?знаешь(?: обо мне)?))?"
    r"|(?:忘记|忘記|忘掉)?(?:关于我的|關於我的)?(?:一切|全部|所有)"
    r"|(?:私の)?(?:すべて|全部)|(?:나에 대한 )?(?:모두|모든 것|전부)",
    re.IGNORECASE,
)
_ALL = frozenset(
    {
        "everything",
        "all",
        "alles",
        "todo",
        "tout",
        "tudo",
        "tutto",
        "всё",
        "все",
        "一切",
        "全部",
        "所有",
        "すべて",
        "모두",
    }
)
# Alone it is "never mind", or names nothing.
_NOTHING = re.compile(
    r"(?:about )?(?:it|that|this|these|them|me|you|the rest|what i (?:just )?said|my last (?:message|question)"
    r"|(?:all )?(?:the |your )?(?:previous|above|earlier|prior)\b.*|(?:all |everything )?(?:above|before)\b.*"
    r"|your (?:instructions|rules).*|(?:when|how|what|why|who|whom|where|whether|if)\b.*"
    r"|es|das|eso|esto|lo|ça|cela|isso|quello|dat|dit|это|这|它|那)",
    re.IGNORECASE | re.DOTALL,
)
# Work on a text that is then quoted or pasted, and may hold wishes of others.
_WORK = re.compile(
    rf"{_POLITE}{_ASK}?+{_POLITE}(?:"
    r"(?:edit|fix|check|review|read|quote|repeat|reply|respond|tl;?dr|lies|lee|lis|leia|leggi|sum up|vat samen)\b"
    r"|answer (?:this|the|to)|what do(?:es)?|what(?: i|')s|is (?:this|it|the following)"
    r"|translate|summari[sz]|rewrite|rephrase|reword|paraphras|proofread|correct|explain|analy[sz]|shorten|improve|polish"
    r"|übersetz|fasse|korrigier|verbesser|umschreib|erklär|traduc|tradu[zi]|resum|r[ée]sum|reformul|corrig|corrij"
    r"|explica|expliqu|riassum|spieg|vertaal|översätt|sammanfatta|przetłumacz|streść|popraw|přelož|shrň"
    r"|переведи|перескажи|исправь|объясни|переклади|çevir|özetle|terjemahkan|ringkas|dịch|tóm tắt"
    r"|ترجم|لخص|תרגם|סכם|अनुवाद|翻译|翻譯|总结|總結|概括|润色|翻訳|要約|번역|요약)",
    re.IGNORECASE,
)
# A name of what was said before it: "Remember my name".
_NAMED = re.compile(
    r"(?:my|mein\w*|mis?|mon|ma|mes|meus?|minhas?|(?:il )?mio|(?:la )?mia|mijn|moj\w+|mój|мо[йеёюя]\w*) \S+|both",
    re.IGNORECASE,
)
# What points to a text that follows, or is about to be pasted.
_POINTS = re.compile(
    r"\b(?:this|these|following|below|above|e-?mails?|articles?|letters?|pages?|posts?|tweets?|texts?|documents?|messages?"
    r"|quotes?|poems?|stor(?:y|ies)|dies\w*|folgend\w*|brief|artikel|est[aeo]|textos?|carta|correo|siguiente|cette|ceci"
    r"|suivant\w*|lettre|isto|seguinte|quest[aoi]|testo|seguente|lettera|это\w*|текст\w*|письм\w*)\b"
    r"|这|這|以下|これ|この|次の|다음",
    re.IGNORECASE,
)
# Nobody calls themselves so; texts that were written for a model do.
_THE_USER = re.compile(r"\b(?:the|this|your) (?:user|human)\b|\bder (?:nutzer|benutzer)\b", re.IGNORECASE)
_QUOTES = re.compile(r"[\"“”„«»「」『』‹›：]|:(?!\S)")
_TAG = re.compile(r",? (?:ok(?:ay)?|right|please|yes|vale|ja|gut|oui|certo|хорошо)\?\s*\Z", re.IGNORECASE)
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|(?<=[。！？])|\n+")
_SIGNS = " \t\r\n.!?。！？؟…¿¡।,;:："

# Any of these may be part of such a wish, whether or not it is understood here.
_STEMS = re.compile(
    r"remember|forget|memor|mind\b|\bnote\b|from now on|merk|vergi|vergess|denk|behalt|notier|recu[eé]rd|record"
    r"|olv[ií]d|cuenta|acu[eé]rd|apunta|anota|souv|rappel|reti|oubli|mémo|lembr|esque|guarde|anote|mente|ricord|dimentic"
    r"|presente|onthoud|vergeet|ihåg|husk|glöm|glem|pamięt|pamat|zapom|помн|забу|забы|запам|пам.ят|в виду|hatırla|unut"
    r"|aklın|ingat|lupa|nhớ|quên|تذك|انس|تنس|احفظ|זכ|שכח|याद|भूल|记|記|忘|覚|기억|잊",
    re.IGNORECASE,
)

# What a model may add to the person's own words when it makes a sentence of them.
_ADDED_WORDS = (
    "i me my mine you your user users person persons they them their he she his her is are am was be been has have "
    "had "
    "s m ve re the a an that this it its of in at on to for and or as with who does do prefers likes wants named "
    "called "
    "ich mein der die das nutzer benutzer er sie ist hat el la los las usuario es tiene le utilisateur est il elle "
    "o os "
    "usuário tem utente è ha het de gebruiker heeft"
)
_ADDED = frozenset(_ADDED_WORDS.split())


def concerns_memory(text: str) -> bool:
    """Whether a message may ask to have something remembered or forgotten: it is worth telling a model of the "
    "tools."""
    return bool(_STEMS.search(text) or remember_wish(text) or forget_wish(text))


def remember_wish(text: str) -> str:
    """What a message asks to have remembered, in the person's own words; empty where it does not ask for it."""
    before: list[str] = []
    for sentence in _own_sentences(text):
        if wished := _remembered(sentence, before):
            return "" if _THE_USER.search(wished) or _NOTHING.fullmatch(wished) else wished
        before.append(sentence)
    return ""


def forget_wish(text: str) -> str:
    """What a message asks to have forgotten, in the person's own words; empty where it does not ask for it."""
    before: list[str] = []
    for sentence in _own_sentences(text):
        if _is_announced(before):
            return ""
        before.append(sentence)
        bare = sentence.strip(_SIGNS)
        found = None if _is_question(sentence) else _FORGET.fullmatch(bare)
        what = next(filter(None, found.groups()), "").strip(_SIGNS) if found else ""
        if what.casefold() in _ALL or _NOTHING.fullmatch(what):
            # Of this conversation, as often as not.
            return ""
        if what or means_everything(bare):
            return what or bare
    return ""


def means_everything(described: str) -> bool:
    """Whether all that is remembered shall be forgotten."""
    return bool(_EVERYTHING.fullmatch(described.strip(_SIGNS)))


def is_in_own_words(text: str, message: str) -> bool:
    """Whether all words of `text` stand in `message`, in these or other forms, but for some that name nothing."""
    own = {word.text for word in words(normalized(message))}
    return all(
        word.text in _ADDED or any(_is_form(word.text, other) or (word.is_run and word.text in other) for other in own)
        for word in words(normalized(text))
    )


def _remembered(sentence: str, before: list[str]) -> str:
    """What one sentence wishes to have remembered, after those `before` it; empty where it does not wish that."""
    sentence = _TAG.sub("", sentence)
    bare = sentence.strip(_SIGNS)
    if _is_question(sentence):
        return ""
    if _ALONE.fullmatch(bare):
        # The sentence that is meant may point to something itself: "This year I turn 40. Remember that."
        return "" if _is_announced(before[:-1]) else " ".join(before).strip(_SIGNS)
    if _is_announced(before):
        return ""
    if ends := _ENDS.fullmatch(bare):
        return ends[1].strip(_SIGNS)
    if _FROM_NOW.fullmatch(bare):
        return bare
    found = _BEGINS.fullmatch(bare) or _LAST.fullmatch(bare)
    if found is None:
        return ""
    what = next(filter(None, found.groups()), "").strip(_SIGNS)
    return " ".join(before).strip(_SIGNS) if before and _NAMED.fullmatch(what) else what


def _own_sentences(text: str) -> list[str]:
    """The sentences of a message that are the person's own; none where they may be somebody else's."""
    text = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").strip()
    if len(text) > OWN_CHARACTERS or re.search(r"^\s*(?:>|```|~~~)", text, re.MULTILINE):
        return []
    lead, *rest = re.split(r"\n\s*\n|(?<=:)\s*\n", text)
    if rest and not lead.rstrip().endswith(":"):
        return []
    if rest:
        # What is to be remembered stands below, as a list.
        return [" ".join(text.split())] if _BEGINS.fullmatch(" ".join(text.split()).strip(_SIGNS)) else []
    sentences = [one for one in _SENTENCE_END.split(lead) if one and one.strip()]
    if len(sentences) > OWN_SENTENCES or any(_WORK.match(one) for one in sentences):
        return []
    own = []
    for sentence in sentences:
        own.append(sentence)
        if _QUOTES.search(sentence):
            # What follows may be quoted.
            break
    return own


def _is_announced(before: list[str]) -> bool:
    """Whether what follows these sentences may be a text of somebody else."""
    return bool(_POINTS.search(" ".join(before)))


def _is_question(sentence: str) -> bool:
    """Whether it asks something, and not politely for what it names."""
    return sentence.rstrip().endswith(("?", "？", "؟")) and not re.match(rf"¿?{_POLITE}{_ASK}", sentence, re.IGNORECASE)


def _is_form(word: str, other: str) -> bool:
    """Whether one of two words is the other with a short ending."""
    shorter, longer = sorted((word, other), key=len)
    return word == other or (len(shorter) >= 3 and longer.startswith(shorter) and len(longer) - len(shorter) <= 3)
