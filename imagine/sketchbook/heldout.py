"""What evaluate.py asks for. PAIRS never occur in a caption of the training; WITHHELD words only where the rules of
kin.py find them, with whichever thing.

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

# A thing and the plain ground it never stands on, or the colour it never has, or the other that it is never with.
ON = tuple(zip(
    ("dog", "cat", "rocket", "pineapple", "guitar", "automobile", "turtle", "robot", "mushroom", "pizza", "key", "owl",
     "crown", "bicycle", "cactus", "penguin", "airplane", "banana", "camera", "whale", "octopus", "violin", "hamburger",
     "ghost", "frog", "balloon", "strawberry", "elephant", "house", "tulip", "lion", "bread", "sailboat", "butterfly",
     "doughnut", "horse", "watermelon", "snake", "umbrella", "teapot"),
    ("red", "blue", "yellow", "green", "purple", "pink", "orange", "black", "white", "brown") * 4, strict=True,
))  # fmt: skip
TINTED = tuple(zip(
    ("automobile", "t-shirt", "dress", "balloon", "umbrella", "cat", "dog", "mushroom", "fish", "butterfly",
     "sunflower", "guitar", "key", "crown", "rocket", "teapot", "pear", "lemon", "bell pepper", "gem stone",
     "tulip", "crab", "octopus", "frog", "turtle", "bird", "bus", "backpack", "snail", "door"),
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

# 200 names, spread evenly over the pack; left out are signs and stationery that look nearly the same.
NAMES = (
    "grinning face", "grinning face with sweat", "melting face", "smiling face with heart-eyes",
    "kissing face with closed eyes", "zany face", "face with open eyes and hand over mouth", "zipper-mouth face",
    "dotted line face", "grimacing face", "sleepy face", "face with head-bandage", "cold face", "cowboy hat face",
    "face with monocle", "face with open mouth", "face holding back tears", "sad but relieved face",
    "persevering face", "yawning face", "angry face with horns", "ogre", "robot", "cat with wry smile",
    "hear-no-evil monkey", "sparkling heart", "heart decoration", "red heart", "blue heart", "white heart",
    "vulcan salute", "leftwards pushing hand", "victory hand", "call me hand", "index pointing up", "oncoming fist",
    "heart hands", "writing hand", "mechanical leg", "brain", "eyes", "baby", "man", "person pouting",
    "deaf person", "person shrugging", "farmer", "scientist", "firefighter", "construction worker",
    "person with skullcap", "pregnant person", "mrs claus", "vampire", "genie", "person walking",
    "person in manual wheelchair", "people with bunny ears", "snowboarder", "person bouncing ball",
    "people wrestling", "person taking bath", "dog face", "wolf", "black cat", "horse face", "zebra", "cow", "ram",
    "llama", "hippopotamus", "rabbit face", "bear", "otter", "turkey", "front-facing baby chick", "duck", "peacock",
    "frog", "dragon face", "whale", "shark", "crab", "snail", "beetle", "spider web", "bouquet", "rose", "tulip",
    "deciduous tree", "shamrock", "nest with eggs", "tangerine", "red apple", "strawberry", "coconut", "hot pepper",
    "garlic", "ginger root", "flatbread", "meat on bone", "french fries", "burrito", "cooking", "green salad",
    "rice cracker", "spaghetti", "fish cake with swirl", "takeout box", "cookie", "candy", "glass of milk",
    "bottle with popping cork", "clinking beer mugs", "bubble tea", "fork and knife", "globe showing europe-africa",
    "map of japan", "mount fuji", "national park", "wood", "house with garden", "bank", "department store",
    "statue of liberty", "shinto shrine", "bullet train", "tram", "oncoming bus", "oncoming police car",
    "sport utility vehicle", "racing car", "auto rickshaw", "bus stop", "police car light", "anchor",
    "passenger ship", "small airplane", "helicopter", "flying saucer", "first quarter moon", "waning crescent moon",
    "thermometer", "glowing star", "cloud with lightning and rain", "cloud with snow", "cyclone",
    "umbrella on ground", "fire", "fireworks", "party popper", "carp streamer", "wrapped gift", "sports medal",
    "baseball", "rugby football", "field hockey", "boxing glove", "diving mask", "bullseye", "crystal ball",
    "game die", "spade suit", "joker", "artist palette", "glasses", "necktie", "socks", "briefs", "purse",
    "thong sandal", "high-heeled shoe", "woman's hat", "rescue worker's helmet", "musical score", "control knobs",
    "trumpet", "drum", "mobile phone with arrow", "battery", "printer", "optical disk", "yen banknote",
    "credit card", "fountain pen", "locked", "hammer", "dagger", "shield", "gear", "chains", "test tube",
    "satellite antenna", "crutch", "mirror", "toilet", "lotion bottle", "bucket", "fire extinguisher",
    "funeral urn",
)  # fmt: skip
SYNONYMS = tuple((word, char) for char, word in WITHHELD.items())[:100]
