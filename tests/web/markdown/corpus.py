"""Texts meant to break out of the page: markdown_corpus.txt with one case a line, and here those of several lines."""

from pathlib import Path

CASES = Path(__file__).with_suffix(".txt").read_text()

LONGER = [
    "| a | b |\n|---|---|\n| <script>canary()</script> | [x](javascript:canary()) |",
    "| a | b |\n|---|:-:|\n| `|` <img src=x onerror=canary()> | $\\href{javascript:canary()}{x}$ |\n| " + "x | " * 20,
    "```html\n<script>canary()</script>\n</code></pre><script>canary()</script>\n```",
    '```"><script>canary()</script>\n</pre><img src=x onerror=canary()>\n```',
    "```python' onclick='canary()\nprint('</code></pre><script>canary()</script>')\n```",
    '```mermaid\ngraph TD\nA[<img src=x onerror=canary()>] --> B\nclick B href "javascript:canary()"\n```',
    "```js\n/* </script><script>canary()</script> */\n// <!--\n",
    "    <script>canary()</script>\n\n\t<img src=x onerror=canary()>",
    "$$\n\\text{<script>canary()</script>}\n$$",
    "$$\n\\begin{matrix} \\href{javascript:canary()}{x} & y \\\\ z\n\\end{matrix}\n$$",
    "\\[\n\\href{javascript:x}{y}\n\\]",
    "<div\n\n<script>canary()\n\n</script>",
    "[x]:\n\njavascript:canary()\n\n[x]",
    "[a](https://good.example\n'x'\nonclick=canary())",
    "> - 1. # <svg onload=canary()>\n>   2. ```\n>      <script>canary()</script>",
    "* [x](java\nscript:canary())\n\n  ![y](java\nscript:canary())",
    "\x00<script>canary()</script>\x00[x](java\x00script:canary())",
    "\ud800<script>\udfffcanary()</script>",
    "\r<script>canary()</script>\r\n[x](java\rscript:canary())",
    "\u2028<script>canary()</script>\u2029\x0b\x0c\x85",
    "[\u202etxet](https://evil.example/) \u200bjavascript:canary()",
]

CORPUS = [*CASES.strip().split("\n"), CASES, *LONGER]

# And texts meant to keep the renderer busy.
HUGE = {
    "stars": "*" * 5_000_000,
    "brackets": "[" * 5_000_000,
    "quotes": ">" * 5_000_000,
    "newlines": "\n" * 5_000_000,
    "lists": "".join("  " * min(depth, 300) + "- a\n" for depth in range(10_000)),
    "list in one line": "- " * 10_000,
    "line": "word " * 200_000,
    "links": "[a](https://b.example/c) " * 50_000,
    "links in lines": "[a](https://b.example/c)\n" * 50_000,
    "links in paragraphs": "[a](https://b.example/c)\n\n" * 50_000,
    "backslashes": "\\" * 19_999,
    "spaces": " " * 19_998 + "a",
    "tabs": "\t" * 19_998 + "a",
    "backticks": " ".join("`" * length for length in range(195)),
    "emphasis": "**a *b " * 2_800,
    "pictures": "![" * 9_900,
    "nested links": "[" * 4_000 + "a" + "](b)" * 3_900,
    "mixed marks": "*_`[<~$" * 2_800,
    "formulas": " ".join(f"$x_{{{number}}}$" for number in range(2_000)),
    "one formula": "$" + "\\frac{a}{b}" * 180 + "$",
    "macros": "$" + "".join(f"\\def\\{a}{{\\{b}\\{b}}}" for a, b in zip("abcdefgh", "bcdefghi", strict=True)) + "\\a$",
    "table": "|a" * 4_900 + "\n" + "|-" * 4_900,
    "rows": "|a|b|\n|-|-|\n" + "|x|\n" * 4_000,
    "headings": "# a\n" * 25_000,
    "pieces of code": "```python\nx = 1\n```\n" * 6_000,
    "code": ("```python\n" + "x = 'a' + f(1)\n" * 500 + "```\n\n") * 13,
    "addresses": "https://a.example/ " * 1_000,
}
