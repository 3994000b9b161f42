"""A long conversation as people and models write them, put straight into the database."""

from uuid import UUID

from assistant.models import Conversation, Message, Run

QUESTIONS = (
    "Can you explain how a heat pump works, in a few sentences?",
    "And what would it cost to run one in a small house? Assume 90 m², well insulated, and our winters here.",
    "Write me a function that groups the readings by day. I have a list of (time, value) pairs.",
    "Thanks! Compare the three options in a table, please.",
    "What is the formula behind it?",
    "ok",
)

PARAGRAPHS = """\
A heat pump moves warmth instead of making it. A liquid that boils at a low temperature passes through a coil outside,
takes up heat from the air, and becomes a gas. A **compressor** squeezes that gas, which makes it hot, and in a second
coil it gives its heat to the water of your radiators.

Because it only *moves* heat, it delivers three to four times the energy that it takes from the socket. In deep cold
that ratio falls, as there is less to gather outside. See [how it is measured](https://example.org/cop) for details.
"""

LIST = """\
It depends on three things:

1. **The house.** With good walls and windows you need about 50 kWh for each square metre and year.
2. **The water.** Floor heating runs at 35 °C, old radiators at 55 °C; the cooler the better.
3. **The price of power.** Ask for a tariff for heat pumps.

So, roughly:

- 90 m² × 50 kWh = 4,500 kWh of heat
- divided by 3.5 = about 1,300 kWh of power
- at 0.30 a kWh = about 390 a year
  - a little more in a cold winter
  - a little less when you are away
"""

CODE = """\
Here is a short version that needs only the standard library:

```python
from collections import defaultdict
from datetime import datetime

def by_day(readings: list[tuple[datetime, float]]) -> dict[str, list[float]]:
    days: dict[str, list[float]] = defaultdict(list)
    for time, value in readings:
        days[time.date().isoformat()].append(value)
    return dict(days)

for day, values in by_day(readings).items():
    print(f"{day}: {sum(values) / len(values):.1f}")
```

Call `by_day` with your pairs. The keys are dates such as `2024-02-29`, in the order of the first reading.
"""

TABLE = """\
| | Air | Ground | Gas |
|---|---:|---:|---:|
| To buy | 14,000 | 22,000 | 9,000 |
| A year | 390 | 310 | 720 |
| Noise | some | none | little |
| Lasts, years | 18 | 25 | 15 |

> Prices differ much from place to place: take these as a first idea.

I would choose **air** for a house of this size.
"""

FORMULA = """\
The coefficient of performance is the heat delivered for the work put in:

$$\\mathrm{COP} = \\frac{Q}{W} \\le \\frac{T_h}{T_h - T_c}$$

With $T_h = 308$ K and $T_c = 275$ K the limit is about $9.3$; real machines reach a third to a half of it.
"""

SHORT = "You are welcome. Shall I put all of it into one page that you can print?"

ANSWERS = (PARAGRAPHS, LIST, CODE, TABLE, FORMULA, SHORT)


def fill(conversation_id: UUID, messages: int) -> None:
    """Add turns until the conversation has `messages` messages."""
    conversation = Conversation.objects.get(id=conversation_id)
    first = conversation.messages.count() + 1
    added = [_message(conversation, position) for position in range(first, messages + 1)]
    Message.objects.bulk_create(added)
    answers = [message for message in added if message.role == Message.Role.ASSISTANT]
    Run.objects.bulk_create(
        Run(conversation=conversation, answer=answer, status=Run.Status.DONE, saved_number=1) for answer in answers
    )


def _message(conversation: Conversation, position: int) -> Message:
    turn, is_answer = divmod(position - 1, 2)
    role, texts = (Message.Role.ASSISTANT, ANSWERS) if is_answer else (Message.Role.USER, QUESTIONS)
    return Message(conversation=conversation, position=position, role=role, text=texts[turn % len(texts)])
