"""Pictures in a prompt, and how many of them a model takes."""

import re
from dataclasses import dataclass, field

# Longest side: what Llama 3.2 Vision sees of a picture, two tiles of 560 pixels a side.
# https://github.com/meta-llama/llama-models/blob/main/models/llama3_2/MODEL_CARD_VISION.md
SIDE = 1120
OUT_OF_VIEW = "(The person attached a picture here that you cannot see now. Say so when you are asked about it.)"


@dataclass(frozen=True, slots=True)
class PromptPicture:
    """A picture that a person attached, as JPEG. Without `data` it is out of the model's view."""

    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Sight:
    """How many pictures a model takes in one prompt, and how many tokens of its window each takes at most."""

    most: int
    tokens: int


# Meta recommends one picture a prompt; it stands there as one token, and is read beside the text:
# https://github.com/meta-llama/llama-models/blob/main/models/llama3_2/vision_prompt_format.md
LLAMA_VISION = Sight(1, 1)
LLAMA_VISION_NAME = re.compile(r"llama-?3[.\-_]?2\b.*vision|mllama", re.IGNORECASE)
# With a side of SIDE: Llama 4 makes 17 tiles of 144 tokens, Qwen2.5-VL a token of 28 x 28 pixels, LLaVA-NeXT 5 x 576.
OTHERS = Sight(4, 3000)


def sight_of(model: str) -> Sight:
    """What a model of that name sees."""
    return LLAMA_VISION if LLAMA_VISION_NAME.search(model) else OTHERS
