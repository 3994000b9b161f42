"""Messages, and the prompt that each asks to have drawn; None where it is answered in words."""

IMAGINE_COMMANDS: list[tuple[str, str | None]] = [
    ("imagine a red fox", "a red fox"),
    ("  Imagine\n a red fox ", "a red fox"),
    ("/imagine a red fox", "a red fox"),
    ("/IMAGINE that you are a fox", "that you are a fox"),
    ("/imagine who is there?", "who is there?"),
    ("imagine iguanas", "iguanas"),
    ("imagine a world of glass", "a world of glass"),
    ("/imagine", ""),
    ("imagine", None),
    ("imagine ", None),
    ("imagined foxes", None),
    ("Imagine, if you will, a fox", None),
    ("Imagine that you are a pirate", None),
    ("imagine if it rained upwards", None),
    ("Imagine you’re a pirate. Speak.", None),
    ("imagine a train leaves at nine. When is it there?", None),
    ("Just imagine a fox", None),
    ("imagine " + "a long story " * 60, None),
    ("", None),
    # As long as a prompt may be, and one more; what counts are characters, not their halves in UTF-16.
    ("imagine " + "x" * 500, "x" * 500),
    ("imagine " + "x" * 501, None),
    ("imagine " + "🦙" * 500, "🦙" * 500),
    ("imagine " + "🦙" * 501, None),
    # White space of all kinds, also around the prompt.
    ("imagine\u00a0a fox\u3000", "a fox"),
    ("\u2003imagine\u2028a fox\u2029and an owl\n\n", "a fox\u2029and an owl"),
    ("imagine\x85a fox\x1f", "a fox"),
    ("\ufeffimagine a fox\ufeff", "a fox"),
    ("imagine\u200ba fox", None),
    ("imagine a fox? ", None),
    # A word of talk ends where no letter of any script follows.
    ("imagine forêts enchantées", "forêts enchantées"),
    ("imagine Iñigo on a horse", "Iñigo on a horse"),
    ("imagine if中", "if中"),
    ("imagine FOR: the fox", None),
    ("imagine if—just once—it rained", None),
    ("imagine i", None),
    # Letters that some dialects fold to ASCII ones.
    ("ımagine a fox", None),
    ("İmagine a fox", None),
    ("imagine \u017fhe is a fox", "\u017fhe is a fox"),
    # Line ends of each kind stay in the prompt.
    ("imagine a fox\nand\r\nan owl", "a fox\nand\r\nan owl"),
    ("imagine\n\n/imagine a fox", "/imagine a fox"),
]
