"""Messages that ask for a picture in so many words: where a model without tools answers, the page offers to draw it."""

import re

_EN_NUMBER = "two|three|four|five|six|seven|some|several|my"
_EN_PICTURE = "picture|image|drawing|painting|illustration|sketch|photo|photograph"
_EN_ASK = (
    r"(?:(?:please|hey|hi|hello|now|ok|okay|(?:can|could|would|will) you|i(?: wa|')?nt you to|i'd like you to),? )*"
)
# By language. The one group is what is drawn; most ask for its article, as rather none is offered than a wrong one.
_WISHES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        # English
        rf"{_EN_ASK}(?:draw|paint|sketch)(?: for)?(?: me| us)(?:,? please)? (.+)",
        rf"{_EN_ASK}(?:draw|paint|sketch) ((?:an?|the|{_EN_NUMBER}) .+)",
        rf"{_EN_ASK}(?:(?:draw|paint|make|create|generate|show|give|i want|i'd like)(?: me| us)? )?"
        rf"(?:an? |the |some )?(?:\w+ )?(?:{_EN_PICTURE})s? of (.+)",
        # Spanish
        r"(?:por favor,? |(?:me )?pued(?:es|e)(?: por favor)? |quiero que )*(?:me )?"
        r"(?:dib[uú]j[aáeé](?:me|nos|s)?|p[ií]nt[aáeé](?:me|nos)?|dibujar(?:me)?|pintar(?:me)?)"
        r"(?: por favor)? ((?:una?|unos|unas|el|la|los|las|dos|tres|mi) .+)",
        r"(?:haz(?:me)?|crea(?:me)?|genera(?:me)?) (?:una?|el) (?:dibujo|imagen|foto|pintura) de (.+)",
        # German
        r"(?:bitte )?(?:zeichnet?|male|malt|skizziere?|zeichnen sie|malen sie)(?: mir| uns| bitte| mal| doch)*"
        r" ((?:eine?n?|den|die|das|zwei|drei|vier|meinen?|meine) .+)",
        r"(?:bitte )?mal(?:e)?(?: bitte)? (?:mir|uns)(?: bitte| mal)* ((?:eine?n?|den|die|das|zwei|drei) .+)",
        r"(?:kannst|könntest|würdest) du(?: mir| uns| bitte| mal)*"
        r" ((?:eine?n?|den|die|das|zwei|drei) .+) (?:zeichnen|malen)",
        r"(?:bitte )?(?:erstelle?|mach|mache|generiere)(?: mir| uns| bitte)* ein(?: \w+es)?"
        r" (?:bild|foto|gemälde) (?:von|mit) (.+)",
        # French
        r"(?:s'il (?:te|vous) pla[iî]t,? |(?:peux-tu|tu peux|pouvez-vous|pourrais-tu|tu pourrais)"
        r" |j'aimerais que tu )*"
        r"(?:(?:me |nous )?dessiner?|dessines|dessinez|peins|peignez|(?:me )?peindre)(?:[- ](?:moi|nous))?"
        r" ((?:une?|des|les?|la|deux|trois|mon|ma) .+|l'.+)",
        r"(?:fais|faites|cr[ée]e|cr[ée]ez|g[ée]n[èe]re|g[ée]n[ée]rez)(?:[- ](?:moi|nous))? "
        r"(?:un dessin|une image|une photo|une peinture) (?:de |d')(.+)",
        # Portuguese
        r"(?:por favor,? |(?:voc[êe] )?(?:pode|podes|poderia) |quero que )*(?:me )?"
        r"(?:desenh(?:a|e|ar|es)|pinte|pinta|pintar)(?:-me|-nos| para mim| pra mim)?"
        r" ((?:uma?|uns|umas|o|a|os|as|dois|duas|tr[êe]s) .+)",
        r"(?:faz|faça|cria|crie|gera|gere)(?:-me| para mim| pra mim)? uma?"
        r" (?:desenho|imagem|foto|pintura) d(?:e|o|a|um|uma) (.+)",
        # Italian
        r"(?:per favore,? |(?:mi )?(?:puoi|potresti) )*(?:disegn(?:a|ami|aci|ate|are|armi)|dipingi(?:mi)?|dipingere)"
        r" ((?:una?|uno|il|lo|la|i|gli|le|due|tre) .+|un'.+|l'.+)",
        r"(?:fa(?:i|mmi)?|crea|genera) (?:un disegno|un'immagine|una foto) d(?:i|el|ello|ella|ei|egli|elle) (.+)",
        # Dutch, Swedish, Danish, Norwegian
        r"(?:teken|schilder|schets)(?:(?: voor)? (?:me|mij|ons))?(?: eens| alsjeblieft)*"
        r" ((?:een|de|het|twee|drie) .+)",
        r"(?:kun|kan|kunt|zou) (?:je|u)(?: voor)?(?: mij| me)?(?: alsjeblieft)?"
        r" ((?:een|de|het|twee) .+) (?:tekenen|schilderen)",
        r"(?:rita|måla|skissa|tegn|kan du (?:rita|måla|tegne)(?: mig| meg)?)(?:(?: åt| till| til|"
        r" for| för)? (?:mig|meg|oss|os))?"
        r" ((?:en|ett|et|ei|två|to|tre) .+)",
        # Polish, Czech, Slovak
        r"(?:proszę,? |prosím,? )?(?:narysuj|namaluj|naszkicuj|nakresli|namaľuj)(?:cie|te)?"
        r"(?: mi| nam| nám| proszę| prosím)* (.+)",
        r"(?:możesz|mógłbyś|mogłabyś|můžeš)(?: mi)? (?:narysować|namalować|nakreslit|namalovat)(?: mi)? (.+)",
        # Russian, Ukrainian
        r"(?:пожалуйста,? |будь ласка,? |ты )*(?:нарисуй|изобрази|намалюй|зобрази)(?:те)?"
        r"(?: мне| нам| мені|,? пожалуйста,?|,? будь ласка,?)* (.+)",
        r"(?:ты )?(?:можешь|можете|мог бы|могла бы|можеш)(?: ли| ты| мне| пожалуйста)*"
        r" (?:нарисовать|намалювати)(?: мне| мені)? (.+)",
        # Romanian, Hungarian, Finnish, Greek
        r"(?:te rog,? )?(?:desenează|desenați|picteaz[ăa])(?:-mi)? ((?:un|o|două|trei) .+)",
        r"(?:kérlek,? )?(?:rajzolj|fess)(?: nekem)? ((?:egy|két|három) .+)",
        r"(?:piirrä|maalaa)(?: minulle)? (.+)",
        r"(?:ζωγράφισέ?|σχεδίασέ?)(?: μου)? ((?:έναν?|μια|μία|ένα|δύο|τον?|την?) .+)",
        # Turkish, Indonesian, Vietnamese
        r"(?:lütfen )?(?:bana )?((?:bir|iki|üç) .+?)(?: resmi)? (?:çiz|çizin|çizer misin|çizebilir misin)",
        r"(?:tolong )?(?:gambar|gambarkan|lukis|lukiskan)(?: untuk)?(?: saya| aku)?"
        r" ((?:se(?:ekor|buah|orang|tangkai)|dua|tiga) .+)",
        r"(?:hãy )?vẽ (?:cho (?:tôi|mình|em) |giúp (?:tôi|mình) )?((?:một|hai|ba|con|chú|cái|bức) .+)",
        # Arabic, Hebrew, Hindi
        r"(?:من فضلك،? |هل يمكنك أن )?(?:ارسم|ارسمي|أرسم|ترسم)(?: لي| لنا)? (.+)",
        r"(?:בבקשה )?(?:צייר|ציירי|תצייר|תציירי)(?: לי)? (.+)",
        r"(?:कृपया )?(?:मुझे )?(.+?) (?:का|की|के) (?:एक )?(?:चित्र|तस्वीर|फोटो) (?:बनाओ|बनाइए|बनाएं|बना दो)",
        # Chinese, Japanese, Korean: no spaces between words
        r"(?:请|請)?你?(?:能不能|能否|能|可以|可不可以)?(?:请|請)?(?:帮我|幫我|给我|給我|为我|為我|替我)?(?:画|畫)(?:出|了)?"
        r"((?:一|两|兩|二|三|几|幾|个|個|只|隻|幅|张|張|条|頭|头).+?)(?:吗|嗎|吧|呢|好吗|好嗎)?",
        r"(?:请|請)?(?:帮我|幫我|给我|給我|请|請)(?:画|畫)(.+?)(?:吗|嗎|吧|呢)?",
        r"(.+?)(?:の(?:絵|画像|イラスト))?を(?:描い|えがい)て(?:ください|下さい|くれ|ほしい|欲しい|くれる|くれますか|よ|ね|みて)?",
        r"(.+?)の(?:絵|イラスト)を(?:かい|書い)て(?:ください|下さい|くれ|ほしい|くれる|よ|ね)?",
        r"(.+?)(?:을|를)?(?: 그림을?)? 그려 ?(?:줘|줘요|주세요|주십시오|봐|줄래|줄래요|줄 수 있어|줄 수 있나요)",
    )
)
# What is drawn without being a picture: conclusions and contracts, lines and charts; and pictures made of text or code.
_NO_WISH = re.compile(
    r"(?:.*\b(?:ascii|svg|css|html|python|turtle|matplotlib|plotly|tikz|latex|javascript|mermaid|plantuml|uml|code|"
    r"unicode|emojis?)\b|"
    r"(?:up|out|upon|on|from|near|nearer|close|closer|back|into|in|it|that|this|attention|inspiration)(?![\w'])|"
    r"(?:\S+ ){0,3}(?:"
    r"conclusions?|inferences?|lessons?|parallels?|distinctions?|comparisons?|analogy|analogies|contracts?|agreements?"
    r"|"
    r"will|plan|plans|outline|roadmap|proof|argument|line|lines|short"
    r" straw|straws?|lots?|breath|blood|bath|curtains?|"
    r"blank|salary|crowd|criticism|ire|veil|diagrams?|charts?|flow ?charts?|graphs?|tables?|trees? structure|schema|"
    r"curve|function|histogram|timeline|mind ?map|organigram|situation|society|"
    r"conclusi[oó]n(?:es)?|conclus[ãa]o|conclus[õo]es|conclusione|conclusie|líneas?|linhas?|linea|ligne|trait|lijn|linie"
    r"|"
    r"paralelos?|parall[èe]les?|diagramas?|gr[aá]ficos?|gr[aá]ficas?|esquemas?|tablas?|tabelas?|panorama|contratos?|"
    r"vertrag|verträge|schluss|schlüsse|konsequenzen|diagramm|diagramme|tabelle|tabellen|schaubild|kurve|strich|"
    r"graphiques?|sch[ée]mas?|tableaux?|bilan|diagrammes?|contrats?|grafici|grafico|schemi|diagrammi|tabella|"
    r"schema's|grafiek|contract|petitie|slutsats|diagram|diagrammer|linje|graf|"
    r"wniosk\w*|wniosek|lini[ęeiu]|wykres\w*|schemat\w*|tabel\w*|závěr\w*|čáru|"
    r"вывод\w*|висновк\w*|схем\w*|график\w*|графік\w*|диаграмм\w*|діаграм\w*|таблиц\w*|черту|лини\w*|линию|план\w*|"
    r"sonuç|çizgi|grafik|diyagram|tablo|kesimpulan|garis|bagan|kết luận|sơ đồ|biểu đồ|"
    r"خطا|خط|مخططا?|رسما? بيانيا?|نتيجة|نتائج|גרף|קו|מסקנה|מסקנות|ग्राफ)(?![\w'’])|"
    r".*(?:流程图|流程圖|图表|圖表|表格|结论|結論|句号|句號|大饼|大餅|重点|重點|曲线|曲線|条线|條線|直线|直線|思维导图|示意图|"
    r"グラフ|フローチャート|図|未来|将来|그래프|도표|다이어그램|순서도|결론|계획))",
    re.IGNORECASE,
)
# German verbs that end the sentence with their first half: zeichne ein Gespräch auf.
_SPLIT_VERB = re.compile(r".* (?:auf|aus|nach|ab|ein|vor|an|in|op|na|uit|af)", re.IGNORECASE)
_PICTURE_OF = re.compile(
    rf"(?:(?:an?|the|some) (?:{_EN_PICTURE})s? of|ein(?:e)? (?:bild|zeichnung|gemälde) von|"
    r"(?:un dibujo|una imagen|um desenho|uma imagem|un dessin|une image) (?:de|d')|un disegno"
    r" di|een (?:tekening|plaatje) van) ?(.+)",
    re.IGNORECASE,
)
_PLEASE = re.compile(
    r",? (?:please|bitte|por favor|s'il (?:te|vous) pla[iî]t|stp|per favore|alsjeblieft|пожалуйста)$", re.IGNORECASE
)
WISH_CHARACTERS = 300


def draw_wish(text: str) -> str:
    """What a message asks to have drawn, as "Draw me a cat" does; empty where it asks for something else."""
    words = _PLEASE.sub("", text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").strip(" \r\n\t.!?。！？؟…¿¡"))
    if "\n" in words or len(words) > WISH_CHARACTERS:
        return ""
    found = next((found for wish in _WISHES if (found := wish.fullmatch(words))), None)
    if found is None:
        return ""
    what = found[1].strip(" ,")
    if _NO_WISH.match(what) or _SPLIT_VERB.fullmatch(what):
        return ""
    shown = _PICTURE_OF.fullmatch(what)
    return (shown or found)[1].strip(" ,")
