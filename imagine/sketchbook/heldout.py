"""What evaluate.py asks for. PAIRS never occur in a scene of the training; WITHHELD words only where kin.py finds them,
with whichever thing, or where they are the plural of a name.

The names are those of trained things: what is measured there is whether they were learned.
"""

# By thing, a word for it that names and keywords are kept from giving. (Without the sign U+FE0F, which only asks for
# colour.)
WITHHELD: dict[str, str] = {
    "🐱": "kitty", "🐶": "doggy", "🚗": "motorcar", "🐷": "piggy", "🐴": "pony", "🐰": "hare", "🐻": "grizzly",
    "🐔": "hen", "🐸": "toad", "🐍": "serpent", "🐟": "trout", "🦈": "great white", "🐳": "humpback",
    "🐝": "bumblebee", "🐜": "termite", "🕷": "tarantula", "🐢": "tortoise", "🦆": "mallard", "🦅": "falcon",
    "🦉": "hooter", "🐘": "jumbo", "🐒": "ape", "🐑": "wether", "🐐": "billy goat", "🐎": "stallion",
    "🐄": "heifer", "🦌": "stag", "🐺": "husky", "🦁": "king of the jungle", "🐭": "rodent", "🐌": "escargot",
    "🦋": "monarch", "🌳": "oak", "🌹": "rosebud", "🌻": "helianthus", "🍄": "toadstool", "🌵": "saguaro",
    "🌴": "coconut palm", "🍎": "macintosh", "🍊": "mandarin", "🍓": "strawberries", "🍉": "watermelon slice",
    "🍇": "grapevine fruit", "🍌": "plantain", "🍆": "aubergine", "🥔": "spud", "🌽": "maize", "🍅": "tomatoes",
    "🍞": "loaf", "🧀": "cheddar", "🍔": "beefburger", "🍟": "french fry", "🌭": "frankfurter", "🍕": "margherita",
    "🍩": "doughring", "🍪": "gingersnap", "🎂": "gateau", "🍦": "gelato", "🍫": "cocoa bar", "☕": "espresso",
    "🍺": "ale", "🍷": "merlot", "🥛": "dairy drink", "🚲": "pushbike", "🚌": "coach", "🚕": "hackney",
    "🚒": "fire truck", "🚑": "rescue vehicle", "✈": "jetliner", "🚁": "chopper", "🚀": "spacecraft", "⛵": "yacht",
    "🚢": "ocean liner", "🚂": "steam engine", "🏠": "dwelling", "🏰": "fortress", "⛺": "camping shelter",
    "🗻": "snowy peak", "🌙": "half moon", "⭐": "starlet", "☀": "sunshine", "🌈": "spectrum arc",
    "⛄": "snow figure", "🔥": "blaze", "🎈": "party balloon", "🎁": "wrapped parcel", "⚽": "footy ball",
    "🏀": "hoop ball", "🎾": "wimbledon ball", "🎸": "six string", "🎻": "fiddle", "🎺": "cornet", "🥁": "snare",
    "👑": "tiara", "💍": "wedding band", "👓": "spectacles", "☂": "parasol", "📷": "snapshot camera",
    "📱": "mobile handset", "💻": "notebook computer", "📚": "library books", "🔑": "latchkey", "🔨": "mallet",
    "✂": "shears", "⏰": "wake up clock", "💡": "incandescent", "👻": "spectre", "🤖": "android", "👽": "martian",
}  # fmt: skip

WITHHELD_WORDS = frozenset(WITHHELD.values())

# A thing and the plain ground it never stands on, or the colour it never has (of things that are drawn in others than
# their own), or the other that it is never with.
ON = tuple(zip(
    ("dog", "cat", "rocket", "pineapple", "guitar", "automobile", "turtle", "robot", "mushroom", "pizza", "key", "owl",
     "crown", "bicycle", "cactus", "penguin", "airplane", "banana", "camera", "whale", "octopus", "violin", "hamburger",
     "ghost", "frog", "balloon", "strawberry", "elephant", "house", "tulip", "lion", "bread", "sailboat", "butterfly",
     "doughnut", "horse", "watermelon", "snake", "umbrella", "teapot"),
    ("red", "blue", "yellow", "green", "purple", "pink", "orange", "black", "white", "brown") * 4, strict=True,
))  # fmt: skip
TINTED = tuple(zip(
    ("coat", "scarf", "dress", "balloon", "umbrella", "cat", "dog", "mushroom", "fish", "whale", "bell", "boxing glove",
     "key", "crown", "toolbox", "teapot", "pear", "yarn", "teddy bear", "gem stone", "star", "crab", "evergreen tree",
     "gloves", "chair", "bird", "telephone", "backpack", "snail", "door"),
    ("blue", "green", "purple", "red", "pink", "yellow") * 5, strict=True,
))  # fmt: skip
TOGETHER = (
    ("dog", "balloon"), ("cat", "guitar"), ("rocket", "pizza"), ("pineapple", "key"), ("robot", "tulip"),
    ("owl", "bread"), ("frog", "crown"), ("penguin", "camera"), ("horse", "banana"), ("turtle", "umbrella"),
    ("ghost", "violin"), ("lion", "doughnut"), ("snake", "teapot"), ("whale", "cactus"),
    ("butterfly", "automobile"), ("elephant", "bicycle"), ("mushroom", "house"), ("strawberry", "airplane"),
    ("octopus", "hamburger"), ("evergreen tree", "bus"), ("honeybee", "sailboat"), ("fox", "trumpet"),
    ("panda", "pear"), ("unicorn", "hammer"), ("crab", "soccer ball"), ("koala", "open book"),
    ("chicken", "gem stone"), ("pig", "candle"), ("rabbit", "scissors"), ("tiger", "cookie"),
)  # fmt: skip
PAIRS = frozenset((*ON, *TINTED, *TOGETHER, *((b, a) for a, b in TOGETHER)))

# 200 names, spread evenly over the pack.
NAMES = (
    "grinning face with smiling eyes", "smiling face with smiling eyes", "smiling face with heart-eyes",
    "kissing face", "zany face", "sleeping face", "cowboy hat face", "nerd face", "pleading face",
    "face with steam from nose", "smiling face with horns", "pile of poo", "ghost", "robot", "sparkling heart",
    "red heart", "yellow heart", "purple heart", "white heart", "clapping hands", "brain", "eyes", "girl",
    "old man", "teacher", "scientist", "pilot", "detective", "prince", "santa claus", "mage", "mermaid", "zombie",
    "skier", "monkey", "dog face", "fox", "cat", "tiger face", "horse face", "horse", "deer", "cow", "boar", "goat",
    "elephant", "hippopotamus", "rat", "rabbit", "hedgehog", "polar bear", "sloth", "kangaroo", "rooster",
    "front-facing baby chick", "dove", "swan", "flamingo", "goose", "crocodile", "snake", "sauropod", "whale",
    "seal", "shark", "coral", "lobster", "snail", "honeybee", "cricket", "spider web", "worm", "lotus", "sunflower",
    "hyacinth", "evergreen tree", "cactus", "maple leaf", "nest with eggs", "melon", "lemon", "pineapple", "pear",
    "strawberry", "tomato", "avocado", "carrot", "bell pepper", "garlic", "bread", "pretzel", "waffle",
    "poultry leg", "hamburger", "hot dog", "burrito", "pot of food", "popcorn", "steaming bowl", "sushi",
    "takeout box", "doughnut", "shortcake", "chocolate bar", "honey pot", "hot beverage",
    "bottle with popping cork", "tropical drink", "bubble tea", "fork and knife", "jar", "volcano",
    "beach with umbrella", "rock", "house with garden", "school", "wedding", "fountain", "sunrise",
    "playground slide", "circus tent", "train", "fire engine", "automobile", "tractor", "motor scooter",
    "skateboard", "stop sign", "sailboat", "passenger ship", "parachute", "rocket", "hourglass done", "full moon",
    "sun with face", "glowing star", "sun behind cloud", "cloud with lightning", "umbrella", "snowman", "fire",
    "jack-o-lantern", "sparkler", "balloon", "wrapped gift", "baseball", "american football", "ice hockey",
    "boxing glove", "skis", "yo-yo", "pool 8 ball", "video game", "puzzle piece", "mirror ball", "artist palette",
    "yarn", "necktie", "scarf", "socks", "handbag", "man's shoe", "woman's sandal", "woman's hat",
    "rescue worker's helmet", "gem stone", "musical note", "microphone", "saxophone", "guitar", "maracas",
    "mobile phone", "desktop computer", "camera", "candle", "red paper lantern", "books", "coin", "envelope",
    "fountain pen", "crayon", "locked", "hammer", "crossed swords", "bow and arrow", "screwdriver", "toolbox",
    "shovel", "telescope", "mirror", "couch and lamp", "bathtub", "bucket", "toothbrush", "red circle",
    "green circle", "brown circle", "red square", "green square", "brown square",
)  # fmt: skip
SYNONYMS = tuple((word, char) for char, word in WITHHELD.items())[:100]
