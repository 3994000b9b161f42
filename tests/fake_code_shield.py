"""A scripted Code Shield: a real process in place of the Python that has it, and speaks as assistant/code/scanner.py.

It finds `shell=True`, `eval(` and `md5(`, and does what a comment in the code asks of it: `# slow`, `# die`, `# flood`,
`# lie`, `# nonsense`, `# fail`, `# leave`. What it was told of us stands in `seen.json` beside it.
"""

import json
import sys
from pathlib import Path

SCRIPT = r"""#!{python}
import json, os, shutil, subprocess, sys, time
from pathlib import Path

MODE, OWN = {mode!r}, Path(__file__).parent
with (OWN / "starts").open("a") as starts:
    starts.write("x")
seen = {{"environment": dict(os.environ), "folder": os.getcwd(), "words": sys.argv}}
(OWN / "seen.json").write_text(json.dumps(seen))
if MODE == "silent":
    time.sleep(600)
if MODE == "dead":
    sys.exit(1)
FINDS = {{"shell=True": ("CWE-78", "error"), "eval(": ("CWE-94", "error"), "md5(": ("CWE-328", "warning")}}


def say(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def issues(code):
    if MODE == "blind":
        return []
    found = [
        {{"line": number, "cwe": cwe, "severity": severity}}
        for number, line in enumerate(code.split("\n"), 1)
        for mark, (cwe, severity) in FINDS.items()
        if mark in line and not (MODE == "quick" and mark == "shell=True")
    ]
    return found or ([{{"line": 1, "cwe": "CWE-20", "severity": "warning"}}] if MODE == "zealous" else [])


say("{{}}\n")
for line in sys.stdin:
    code = json.loads(line)["code"]
    with (OWN / "scanned").open("a") as scanned:
        scanned.write(code + "\0")
    if "# leave" in code:
        (Path(os.environ["TMPDIR"]) / "left.py").write_text(code)
        (Path(os.environ["TMPDIR"]) / "folder").mkdir()
        (Path(os.environ["TMPDIR"]) / "folder" / "left.py").write_text(code)
    if "# wait" in code:
        while not (OWN / "go").exists():
            time.sleep(0.02)
    if "# slow" in code:
        child = subprocess.Popen(["sleep", "600"])
        (OWN / "child").write_text(str(child.pid))
        time.sleep(600)
    if "# die" in code:
        os._exit(3)
    if "# flood" in code:
        say("x" * 1_000_000)
    if "# nonsense" in code:
        say("no JSON\n")
    elif "# fail" in code:
        say(json.dumps({{"error": "analyze"}}) + "\n")
    elif "# lie" in code:
        lies = [
            {{"line": 10**9, "cwe": "<b>bold</b>", "severity": ["error"]}},
            {{"line": True, "cwe": None}},
            "not an issue",
            *({{"line": n, "cwe": "CWE-%d" % n, "severity": "error"}} for n in range(1, 200)),
        ]
        say(json.dumps({{"issues": lies}}) + "\n")
    else:
        say(json.dumps({{"issues": issues(code)}}) + "\n")
shutil.rmtree(sys.argv[3])
"""


class FakeCodeShield:
    """`path` is what CODE_SHIELD names. `mode`: "silent" and "dead" never begin, "blind" finds nothing, "quick" not
    what takes the analyser, "zealous" something in everything.
    """

    def __init__(self, folder: Path, mode: str = "") -> None:
        self.path = folder / "python"
        self.path.write_text(SCRIPT.format(python=sys.executable, mode=mode))
        self.path.chmod(0o700)
        self._folder = folder

    @property
    def starts(self) -> int:
        """How many processes there have been."""
        return len(self._read("starts"))

    @property
    def scanned(self) -> list[str]:
        """The blocks that it was given, those of its tests included."""
        return self._read("scanned").split("\0")[:-1]

    @property
    def seen(self) -> dict[str, object]:
        """What the last process saw when it began."""
        return json.loads(self._read("seen.json"))  # type: ignore[no-any-return]

    @property
    def child(self) -> int:
        """The process that a slow scan has started, or 0."""
        return int(self._read("child") or 0)

    def go(self) -> None:
        """Let go on what waits."""
        (self._folder / "go").touch()

    def _read(self, name: str) -> str:
        path = self._folder / name
        return path.read_text() if path.exists() else ""
