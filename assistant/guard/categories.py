"""The hazards that Llama Guard knows, and under which codes and names each of its versions has them.

https://github.com/meta-llama/PurpleLlama: Llama-Guard2/MODEL_CARD.md, Llama-Guard3/8B/MODEL_CARD.md and
Llama-Guard4/12B/MODEL_CARD.md. The codes of version 2 are others: its S5 is no defamation.
"""

import re
from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """One hazard, whatever the version. OTHER is a code that the version does not have, or none at all."""

    VIOLENT_CRIMES = "violent_crimes"
    NON_VIOLENT_CRIMES = "non_violent_crimes"
    SEX_CRIMES = "sex_crimes"
    CHILD_EXPLOITATION = "child_exploitation"
    DEFAMATION = "defamation"
    SPECIALIZED_ADVICE = "specialized_advice"
    PRIVACY = "privacy"
    INTELLECTUAL_PROPERTY = "intellectual_property"
    INDISCRIMINATE_WEAPONS = "indiscriminate_weapons"
    HATE = "hate"
    SELF_HARM = "self_harm"
    SEXUAL_CONTENT = "sexual_content"
    ELECTIONS = "elections"
    CODE_INTERPRETER_ABUSE = "code_interpreter_abuse"
    OTHER = "other"


# What no setting lets through.
NEVER_IGNORED = frozenset({Category.CHILD_EXPLOITATION, Category.OTHER})

ALL = tuple(Category)[:-1]
OF_VERSION_2 = tuple(category for category in ALL if category is not Category.DEFAMATION)[:11]
OF_VERSION_3_SMALL = ALL[:13]

# The model's names are other than what the values above would make.
NAMES = {
    Category.NON_VIOLENT_CRIMES: "Non-Violent Crimes",
    Category.SELF_HARM: "Self-Harm",
}
VERSION_IN_NAME = re.compile(r"guard[-_ .]*v?([234])(?![0-9.]*b)(?![0-9])", re.IGNORECASE)
SMALL = re.compile(r"(?<![0-9.])1b(?![a-z0-9])", re.IGNORECASE)


@dataclass(frozen=True)
class Version:
    """`number` is 2, 3 or 4; `categories` are those of S1, S2 and so on."""

    number: int
    categories: tuple[Category, ...]

    def category(self, code: int) -> Category:
        """What the code S`code` stands for."""
        return self.categories[code - 1] if 0 < code <= len(self.categories) else Category.OTHER

    @property
    def listed(self) -> str:
        """The categories as the prompt has them, a line each."""
        return "\n".join(f"S{code}: {name(category)}." for code, category in enumerate(self.categories, 1))


def name(category: Category) -> str:
    """The name by which the model knows a category."""
    return NAMES.get(category, category.value.replace("_", " ").title())


def version_in(model: str) -> int:
    """The version that a model's name tells, such as "meta-llama/Llama-Guard-3-8B" or "llama-guard3:1b"; 0 for none."""
    found = VERSION_IN_NAME.search(model)
    return int(found[1]) if found else 0


def version_of(model: str, number: int = 0) -> Version:
    """The version of `model`: `number` where that is given. Raises ValueError where neither tells one."""
    number = number or version_in(model)
    if number == 2:
        return Version(2, OF_VERSION_2)
    if number == 3:
        return Version(3, OF_VERSION_3_SMALL if SMALL.search(model) else ALL)
    if number == 4:
        return Version(4, ALL)
    raise ValueError("the name of the model tells no version of Llama Guard")
