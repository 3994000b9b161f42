"""The words that say how things are to be drawn: colours, numbers, how they stand. Also some of other languages."""

from imagine.styles import STYLES


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Between these a run of words names one thing, the last of them: an apple pie is a pie.
STOPS = frozenset(",.;:!?")
COLOURS: dict[str, str] = {
    word: colour
    for colour, said in {
        "red": "red crimson scarlet rojo roja rot rote roter rouge rosso vermelho",
        "orange": "orange",
        "yellow": "yellow golden gold amarillo gelb jaune giallo blonde blond",
        "green": "green verde grün grüne vert verte",
        "blue": "blue azure azul blau blaue bleu bleue blu navy",
        "purple": "purple violet lilac morado lila",
        "pink": "pink rosa magenta",
        "brown": "brown marrón braun marron",
        "black": "black negro negra schwarz schwarze schwarzer noir nero",
        "white": "white blanco blanca weiß weiße blanc blanche bianco",
        "gray": "gray grey gris grau silver",
        "turquoise": "turquoise teal cyan",
    }.items()
    for word in said.split()
}
NUMBERS: dict[str, int] = {
    word: number
    for number, said in {
        1: "1 one",
        2: "2 two pair couple both dos zwei deux due",
        3: "3 three several some tres drei trois tre",
        4: "4 four cuatro vier quatre",
        5: "5 five many lots cinco fünf cinq six seven eight nine ten dozen 6 7 8 9 10",
    }.items()
    for word in said.split()
}
AND = words("and & + y und et e with plus next beside con mit avec")
EQUAL = AND - {"with", "con", "mit", "avec"}
# How a thing stands to the one before it. Other words say nothing of that.
RELATIONS = {
    "en": "behind",
    "riding": "under",
    "rides": "under",
    "driving": "under",
    "wearing": "hat",
    "wears": "hat",
    "on": "under",
    "atop": "under",
    "in": "behind",
    "inside": "behind",
    "under": "above",
    "below": "above",
}
# Of these what follows is meant: a bowl of fruit is fruit.
WRAPPERS = words(
    "cup glass bowl plate slice piece portrait picture photo photograph drawing painting image sketch"
    " illustration bunch group"
    " logo icon emoji sticker poster card bottle herd flock pack box basket close-up closeup selfie"
)
# What people say around a thing, also where a word of it is in the lexicon.
SKIPPED = words(
    "a an the my your our his her its their this that of for to at by from into is are was be i you me"
    " we he she it please draw"
    " make show give want paint create imagine un una el la los las ein eine der die das le les une il"
    " lo um uma de del du"
    " very cute little big small huge tiny giant large happy funny beautiful nice cool sweet lovely old"
    " young new long short"
    " playing reading eating drinking drink sitting standing sleeping holding looking making doing breathing having"
    " sign logo icon portrait image photo drawing name style art simple where country"
)
# From here on letters are wanted, and there are none to be had.
SPOKEN = words("says saying named called titled written spelling")
# Parts of what stands there already.
PARTS = words(
    "hair eyes eye roof wings wing tail leg legs face nose mouth smile ears ear hands hand arm arms head"
    " door window windows"
    " wheels wheel candle candles beard body feet teeth"
)
# What a wish begins with: happy birthday, mom.
GREETINGS = words("happy merry good thank i")
PERSONS = frozenset(("girl", "boy", "woman", "man", "old man", "old woman", "princess", "prince", "baby"))
ACTIONS = {
    "dancing": "woman dancing",
    "dances": "woman dancing",
    "running": "person running",
    "jogging": "person running",
    "swimming": "person swimming",
    "skiing": "skier",
    "singing": "singer",
    "cooking": "cook",
}
HATS = frozenset(("crown", "top hat", "woman's hat", "graduation cap", "rescue worker's helmet"))
EFFECTS = {
    STYLES["pixel"].words: "pixel",
    "pixel art": "pixel",
    STYLES["pencil"].words: "pencil",
    "pencil drawing": "pencil",
    STYLES["ink"].words: "ink",
    "black and white": "ink",
    "ink drawing": "ink",
}
