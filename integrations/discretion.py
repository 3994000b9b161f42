"""Questions under a post whose answer is not for everybody: those about the person, and those that ask for discretion.

By language, as in assistant/wishes.py; rather one answer too many is private than one of a person's own in public.
"""

import re

PRIVATELY = re.compile(
    r"\b(?:privately|in private|private(?:ly)? message|dm me|pm me|message me|send me a (?:dm|pm|message)|in a dm)\b"
    r"|\b(?:privat|per pn|als nachricht|schreib mir|unter vier augen)\b"
    r"|\b(?:en privado|por privado|por mensaje|en privé|par message|en mp)\b"
    r"|\b(?:em privado|no privado|por mensagem|in privato|per messaggio)\b"
    r"|私信|私聊|личку|личные сообщения|на особисті|プライベートで|DMで|개인적으로",
    re.IGNORECASE,
)
_MINE = (
    r"data|pictures?|photos?|messages?|chats?|conversations?|history|account|password|e-?mails?|address|phone"
    r"|memor(?:y|ies)|order|name|birthday"
)
PERSONAL = re.compile(
    rf"\bmy (?:own |personal |last |old )?(?:{_MINE})\b"
    r"|\b(?:know|remember|saved?|stored?|kept|keep|have) (?:of|about|on) me\b"
    r"|\bwho am i\b(?! (?:talking|speaking|writing|chatting))"
    r"|\bi (?:told|asked|wrote) you\b"
    r"|\b(?:meine[nmr]?) (?:daten|bilder|fotos|nachrichten|chats?|konto|passwort|adresse|nummer)\b"
    r"|\büber mich\b|\bwer bin ich\b"
    r"|\bmis? (?:datos|fotos|imágenes|mensajes|cuenta|contraseña)\b|\b(?:sabes|recuerdas) (?:de|sobre) mí\b"
    r"|\bmes (?:données|photos|images|messages)\b|\bmon (?:compte|mot de passe)\b|\bsur moi\b"
    r"|\b(?:meus|minhas|minha) (?:dados|fotos|imagens|mensagens|conta|senha)\b|\bsobre mim\b"
    r"|\b(?:miei|mie|mio) (?:dati|foto|immagini|messaggi|account)\b|\bsu di me\b"
    r"|мои данные|обо мне|про мене|我的(?:数据|照片|资料|账号)|关于我"
    r"|私の(?:データ|写真|アカウント)|내 (?:데이터|사진|계정)",
    re.IGNORECASE,
)


def asks_for_discretion(text: str) -> bool:
    """Whether somebody wishes to be answered in a message of their own."""
    return bool(PRIVATELY.search(text))


def is_personal(text: str) -> bool:
    """Whether somebody asks about themselves and what is kept of them."""
    return bool(PERSONAL.search(text))
