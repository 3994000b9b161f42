"""What people read about insecure code, in the language that is active: at the block, and after an answer in an app."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assistant.code.issues import Issue, stored_issues

# https://cwe.mitre.org/data/: those that Code Shield's rules name, as what the code does.
WEAKNESSES = {
    "CWE-22": gettext_lazy("opens files at a path that others may choose"),
    "CWE-78": gettext_lazy("runs commands that others may change"),
    "CWE-79": gettext_lazy("puts text into a page as it is"),
    "CWE-80": gettext_lazy("puts text into a page as it is"),
    "CWE-89": gettext_lazy("builds a database query out of text"),
    "CWE-90": gettext_lazy("builds a directory query out of text"),
    "CWE-94": gettext_lazy("runs text as code"),
    "CWE-95": gettext_lazy("runs text as code or as a command"),
    "CWE-119": gettext_lazy("may read or write beyond the end of its memory"),
    "CWE-120": gettext_lazy("copies without looking how much fits"),
    "CWE-121": gettext_lazy("may write beyond the end of its memory"),
    "CWE-185": gettext_lazy("takes a pattern that others may choose"),
    "CWE-200": gettext_lazy("tells more than others should know"),
    "CWE-209": gettext_lazy("tells others too much about its errors"),
    "CWE-242": gettext_lazy("uses a function that cannot be used safely"),
    "CWE-276": gettext_lazy("makes files that anybody can read or change"),
    "CWE-290": gettext_lazy("believes who others say they are"),
    "CWE-295": gettext_lazy("does not check whom it is connected to"),
    "CWE-306": gettext_lazy("asks nobody who they are"),
    "CWE-311": gettext_lazy("sends or keeps data that anybody can read"),
    "CWE-312": gettext_lazy("keeps a secret that anybody can read"),
    "CWE-319": gettext_lazy("sends data that anybody can read"),
    "CWE-323": gettext_lazy("encrypts so that patterns can be seen"),
    "CWE-326": gettext_lazy("encrypts too weakly"),
    "CWE-327": gettext_lazy("encrypts in a way that is broken"),
    "CWE-328": gettext_lazy("uses a checksum that can be forged"),
    "CWE-330": gettext_lazy("uses chance that can be guessed"),
    "CWE-331": gettext_lazy("uses a key that is too short"),
    "CWE-335": gettext_lazy("uses chance that can be guessed"),
    "CWE-338": gettext_lazy("uses chance that can be guessed"),
    "CWE-345": gettext_lazy("does not check where data comes from"),
    "CWE-347": gettext_lazy("does not notice changed data"),
    "CWE-352": gettext_lazy("lets other sites act for its users"),
    "CWE-377": gettext_lazy("makes a temporary file that others can replace"),
    "CWE-434": gettext_lazy("takes files of any kind from others"),
    "CWE-477": gettext_lazy("uses a function that is out of date"),
    "CWE-489": gettext_lazy("leaves its debugging on"),
    "CWE-494": gettext_lazy("loads code without checking it"),
    "CWE-502": gettext_lazy("opens data that may run code"),
    "CWE-521": gettext_lazy("takes passwords that are too weak"),
    "CWE-554": gettext_lazy("does not check what it is given"),
    "CWE-589": gettext_lazy("uses a function that is out of date"),
    "CWE-590": gettext_lazy("frees memory that it may not free"),
    "CWE-601": gettext_lazy("sends people to an address that others may choose"),
    "CWE-611": gettext_lazy("reads documents that may open files"),
    "CWE-614": gettext_lazy("sends its cookie without encryption"),
    "CWE-621": gettext_lazy("lets others overwrite its values"),
    "CWE-643": gettext_lazy("builds a query out of text"),
    "CWE-665": gettext_lazy("may use memory that is gone"),
    "CWE-676": gettext_lazy("uses a function that is easily used wrongly"),
    "CWE-680": gettext_lazy("may reserve too little memory"),
    "CWE-732": gettext_lazy("lets anybody change its files"),
    "CWE-759": gettext_lazy("hides passwords too weakly"),
    "CWE-770": gettext_lazy("takes as much as it is given"),
    "CWE-798": gettext_lazy("has a key written into it"),
    "CWE-807": gettext_lazy("relies on what others can change"),
    "CWE-862": gettext_lazy("does not ask who may do this"),
    "CWE-908": gettext_lazy("uses memory that was not cleared"),
    "CWE-918": gettext_lazy("opens addresses that others may choose"),
    "CWE-922": gettext_lazy("keeps data where others can read it"),
    "CWE-940": gettext_lazy("does not check where data comes from"),
    "CWE-942": gettext_lazy("lets pages of others read its answers"),
    "CWE-1004": gettext_lazy("lets scripts of a page read its cookie"),
    "CWE-1240": gettext_lazy("encrypts in a way that is broken"),
}
OTHER = gettext_lazy("may be unsafe")
LANGUAGE_NAMES = {
    "c": "C",
    "cpp": "C++",
    "csharp": "C#",
    "java": "Java",
    "javascript": "JavaScript",
    "php": "PHP",
    "python": "Python",
    "rust": "Rust",
}


def issue_sentence(issue: Issue) -> str:
    """Where and what, at the block: "Line 3: runs text as code (CWE-95)"."""
    what = f"{weakness(issue)} ({issue.cwe})" if issue.cwe else weakness(issue)
    return _("Line %(line)s: %(what)s") % {"line": issue.line, "what": what} if issue.line else what


def caution(values: Iterable[Mapping[str, Any]] | None) -> str:
    """One sentence or two about the issues of a row, after an answer in an app; empty where there are none."""
    issues = stored_issues(values)
    if not issues:
        return ""
    worst = min(issues, key=lambda issue: issue.severity != "error")
    fields = {"language": LANGUAGE_NAMES.get(worst.language, ""), "what": weakness(worst), "line": worst.line}
    if worst.line:
        sentence = _("Careful: line %(line)s of the %(language)s code %(what)s.") % fields
    else:
        sentence = _("Careful: the %(language)s code %(what)s.") % fields
    return f"{sentence} {_('There is more like that.')}" if len(issues) > 1 else sentence


def weakness(issue: Issue) -> str:
    """What the code does."""
    return str(WEAKNESSES.get(issue.cwe, OTHER))
