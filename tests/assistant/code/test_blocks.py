"""Which code of an answer is scanned, and that its marks find the block again on the page."""

import pytest

from assistant.code.blocks import MOST_BLOCKS, MOST_CHARACTERS, CodeBlock, code_blocks, has_code
from assistant.code.issues import Issue
from web.markdown.blocks import render_blocks

ANSWER = """Use this:

```python title=x.py
print(1)
```

> - deep in a list:
>   ~~~JS
>   run()
>   ~~~

```bash
rm -rf /
```

```
plain
```

````c++
int x;
````
"""


def test_fenced_code_in_a_known_language_is_scanned() -> None:
    assert code_blocks(ANSWER) == [
        CodeBlock("python", "print(1)\n"),
        CodeBlock("javascript", "run()\n"),
        CodeBlock("cpp", "int x;\n"),
    ]


@pytest.mark.parametrize("text", ["Hello.", "`python`", "```css\na {}\n```", "```bash\nls\n```", "```\npython\n```"])
def test_an_answer_without_such_code_is_not_looked_through(text: str) -> None:
    assert not has_code(text)
    assert code_blocks(text) == []


@pytest.mark.parametrize("fence", ["```python\n", "~~~ PY\n", "````rs\n", "```c++\n", "```c#\n", "```c\n"])
def test_an_answer_with_such_code_is(fence: str) -> None:
    assert has_code(f"So:\n\n{fence}x\n")


def test_the_same_code_is_scanned_once_and_not_without_end() -> None:
    assert len(code_blocks("```py\nx\n```\n\n```python\nx\n```\n")) == 1
    assert len(code_blocks("".join(f"```py\nx = {n}\n```\n\n" for n in range(50)))) == MOST_BLOCKS
    assert code_blocks(f"```py\n{'x' * MOST_CHARACTERS}\n```") == []
    assert code_blocks("```py\n\n```") == []


def test_a_mark_finds_its_block_wherever_it_stands() -> None:
    blocks = code_blocks(ANSWER)
    marks = {one.key: [Issue(one.key, one.language, 1, f"CWE-{n}", "warning")] for n, one in enumerate(blocks, 1)}
    html = render_blocks(ANSWER, marks=marks)
    assert [[f"(CWE-{n})" in block for block in html].index(True) for n in (1, 2, 3)] == [1, 2, 5]
    assert sum("code-issues" in block for block in html) == 3
