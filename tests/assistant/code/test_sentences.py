"""What people read about insecure code."""

import pytest

from assistant.code.issues import Issue, marks_of, stored_issues
from assistant.code.sentences import WEAKNESSES, caution, issue_sentence

EVAL = Issue("a", "python", 3, "CWE-94", "error")
HASH = Issue("b", "php", 0, "CWE-328", "warning")


@pytest.mark.parametrize(
    ("issue", "sentence"),
    [
        (EVAL, "Line 3: runs text as code (CWE-94)"),
        (HASH, "uses a checksum that can be forged (CWE-328)"),
        (Issue("a", "c", 7, "CWE-9999", "warning"), "Line 7: may be unsafe (CWE-9999)"),
        (Issue("a", "c", 0, "", "warning"), "may be unsafe"),
    ],
)
def test_an_issue_says_where_and_what(issue: Issue, sentence: str) -> None:
    assert issue_sentence(issue) == sentence


def test_an_app_gets_one_sentence_about_the_worst() -> None:
    assert caution(None) == caution([]) == ""
    assert caution([EVAL.to_json()]) == "Careful: line 3 of the Python code runs text as code."
    assert caution([HASH.to_json()]) == "Careful: the PHP code uses a checksum that can be forged."
    both = [HASH.to_json(), EVAL.to_json()]
    assert caution(both) == "Careful: line 3 of the Python code runs text as code. There is more like that."


def test_every_weakness_goes_on_from_the_code() -> None:
    for words in map(str, WEAKNESSES.values()):
        assert words[0].islower()
        assert words[-1].isalpha()


def test_a_row_of_another_version_is_read_as_far_as_it_is_known() -> None:
    assert stored_issues([{**EVAL.to_json(), "new": 1}, {"line": 1}]) == [EVAL]
    assert marks_of([EVAL.to_json(), HASH.to_json()]) == {"a": [EVAL], "b": [HASH]}
