"""Formulas as models write them: MathML with nothing lost, or their source as code."""

import time

import pytest

from tests.web.markdown.safety import dangers, text_of
from web.markdown.mathml import mathml
from web.markdown.safe import safe

SECONDS = 3


def shown(tex: str) -> str:
    html = mathml(tex, "block")
    assert html, f"{tex} is shown as code"
    assert "style=" not in html.replace("displaystyle=", "")
    clean = safe(html)
    assert dangers(clean) == []
    return text_of(clean).replace("\u2061", "")


@pytest.mark.parametrize(
    ("tex", "words"),
    [
        (r"\begin{aligned} x &= 1 \\ y &= 2 \end{aligned}", "x=1y=2"),
        (r"\begin{align*}a&=1\\b&=2\end{align*}", "a=1b=2"),
        (r"\begin{gather}a\\b\end{gather}", "ab"),
        (r"\begin{split}a&=1\\&=2\end{split}", "a=1=2"),
        (r"\begin{alignat}{2}a&=b\end{alignat}", "a=b"),
        (r"\begin{equation}a=1\end{equation}", "a=1"),
        (r"\begin{eqnarray}a&=&b\end{eqnarray}", "a=b"),
        (r"\begin{tabular}{c|c}a&b\end{tabular}", "ab"),
        (r"\begin{array}{c|c}a&b\\\hline\hline c&d\end{array}", "abcd"),
        (r"\begin{smallmatrix}1&2\end{smallmatrix}", "12"),
        (r"x=1\tag{7}", "x=1(7)"),
        (r"\begin{align}a&=b\\c&=d\tag{8}\end{align}", "a=bc=d(8)"),
        (r"\label{eq:1}x \eqref{eq:1}", "x(eq:1)"),
        (r"\boxed{x=2}", "x=2"),
        (r"\cancel{x}+\xcancel{y}", "x+y"),
        (r"\boldsymbol{x}\pmb{y}\bm{z}", "𝒙𝒚𝒛"),
        (r"\substack{a\\b}", "ab"),
        (r"\text{a_b is $x$ \& 5%}", "a_b is x & 5%"),
        (r"\mbox{abc}\textsf{d}\verb|e_f|", "abcde_f"),
        (r"\large x \tiny y", "xy"),
        (r"\smash{x}\strut\mathrlap{y}", "xy"),
        (r"\textcolor{red}{y}\color{blue} z", "yz"),
        (r"\argmax_x \dv{y}{x} \abs{x}", "arg maxxdydx|x|"),
        (r"\euro 5 \AA", "€5Å"),
        (r"\ce{H2O}", "H2O"),
        (r"\ce{2H2 + O2 -> 2H2O}", "2H2+O2⟶2H2O"),
        (r"\ce{SO4^2-} + \ce{Ca^{2+}} + \ce{Na+}", "SO42−+Ca2++Na+"),
        (r"\ce{CuSO4.5H2O}", "CuSO4⋅5H2O"),
        (r"\ce{^{14}_{6}C}", "614C"),
        (r"\ce{A <=>[\Delta] B}", "A⇌ΔB"),
        (r"\ce{CH3-CH=CH2}", "CH3−CH=CH2"),
        (r"\ce{CO2 (g) ^}", "CO2(g)↑"),
        (r"\pu{1.5e3 kJ mol-1}", "1.5×103kJmol−1"),
        (r"\SI{5}{\kilo\meter\per\hour}", "5km/h"),
        (r"\SI{9.81}{m/s^2}", "9.81m/s2"),
        (r"\SI{5.0 \pm 0.1}{\square\meter}", "(5.0±0.1)m2"),
        (r"\qtyrange{1}{5}{\meter\tothe{4}}", "1–5m4"),
        (r"\ce{A ⇌ B}", "A⇌B"),
        (r"\begin{aligned}a\\[1em]b\end{aligned}", "ab"),
        (r"x = 50% \cdot y", "x=50%⋅y"),
        (r"\begin{align}a&=b\tag{1}\\c&=d\tag{2}\end{align}", "a=b(1)c=d(2)"),
        (r"\begin{array}{l@{\quad}l}\toprule a&b\\\cline{1-2}c&d\end{array}", "abcd"),
        (r"\pdv[2]{f}{x} \pdv{f}{x}{y} \dv{x}", "∂2f∂x2∂2f∂x∂yddx"),
        (r"\braket{a}{b} \vb{F} \cancelto{0}{x}", "⟨a|b⟩𝐅x0"),
        (r"\bbox[5px,border:1px solid red]{x} \textcolor[rgb]{1,0,0}{y} \color{blue!50}z", "xyz"),
        (r"\text{caf\'e, price in $} √2 \R \softmax", "café, price in $2ℝsoftmax"),
        (r"\pmatrix{a&b\cr c&d} \displaylines{a\\b}", "(abcd)ab"),
    ],
)
def test_a_formula_loses_nothing(tex, words):
    assert "".join(shown(tex).split()) == "".join(words.split())


@pytest.mark.parametrize(
    "tex",
    [
        r"\enclose{longdiv}{12}",
        r"\ce{A ?? B}",
        r"\foo{x}",
        r"\frac{1}{2",
        r"\begin{CD} A @>>> B \end{CD}",
        r"\hspace{100em} x",
        r"\kern-90em x",
        r"\raisebox{9em}{x}",
        r"\! " * 40,
        r"\rule{9em}{9em}",
        r"\href{https://example.com}{x}",
        r"\includegraphics{x}",
        "(" * 20,
        r"\sin(" * 30,
        r"\left(\text{(}" * 30,
    ],
)
def test_what_cannot_be_shown_or_reaches_out_stays_source(tex):
    started = time.process_time()
    assert mathml(tex, "block") is None
    assert time.process_time() - started < SECONDS


@pytest.mark.parametrize(
    "tex",
    [
        *("[" * 900, "x(" * 900, "((x)" * 400, "{(}" * 600, r"\langle " * 200, "x" + "'" * 1_900, "&" * 1_900),
        *(r"\ce{" + "[" * 900 + "}", r"\ce{" + "$" * 900 + "}", r"\ce{" + "->[" * 500 + "}", r"\si{" + "." * 900 + "}"),
        *(r"\text{" + "$" * 1_900 + "}", r"\begin{matrix}" + "&" * 1_900 + r"\end{matrix}", r"\norm{\abs{x}}" * 120),
    ],
)
def test_a_twisted_formula_takes_no_time(tex):
    started = time.process_time()
    mathml(tex, "block")
    assert time.process_time() - started < SECONDS


def test_the_source_of_a_formula_stays_in_it():
    html = safe(mathml("a < b", "inline") or "")
    assert '<annotation encoding="application/x-tex">a &lt; b</annotation></semantics></math>' in html
