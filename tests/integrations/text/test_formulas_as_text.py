"""Formulas in plain signs where people can read them so."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.text.formulas import UnreadableError, readable

FORMULAS = [
    ("x^2 + \\frac{1}{2}", "x² + ½"),
    ("E = mc^2", "E = mc²"),
    ("\\frac{a+b}{c-d}", "(a + b)/(c − d)"),
    ("x = \\frac{-b \\pm \\sqrt{b^2-4ac}}{2a}", "x = (−b ± √(b² − 4ac))/(2a)"),
    ("\\sum_{i=1}^{n} i^2 = \\frac{n(n+1)}{2}", "∑ᵢ₌₁ⁿ i² = n(n + 1)/2"),
    ("\\int_0^\\infty e^{-x^2}\\,dx", "∫₀^∞e^(−x²) dx"),
    ("\\lim_{x \\to 0} \\frac{\\sin x}{x} = 1", "lim_(x→0) (sin x)/x = 1"),
    ("\\bar{x} = \\frac{1}{n}\\sum_{i=1}^n x_i", "x̄ = (1/n)∑ᵢ₌₁ⁿ xᵢ"),
    ("\\sqrt{x} \\sqrt{2x} \\sqrt[3]{x}", "√x√(2x)∛x"),
    ("\\alpha + \\beta \\leq \\Gamma", "α + β ≤ Γ"),
    ("a_{ij} x_{\\text{max}} x^{n+1}", "aᵢⱼx_maxxⁿ⁺¹"),
    ("\\frac{\\partial f}{\\partial x}, \\frac{d^2y}{dx^2}", "∂f/∂x, d²y/dx²"),
    ("P(A|B) = \\frac{P(B|A)P(A)}{P(B)}", "P(A|B) = P(B|A)P(A)/P(B)"),
    ("\\forall x \\in \\mathbb{R}: x^2 \\geq 0", "∀x ∈ ℝ: x² ≥ 0"),
    ("\\sin^2\\theta + \\cos^2\\theta = 1", "sin² θ + cos² θ = 1"),
    ("\\mathcal{O}(n \\log n)", "O(n log n)"),
    ("\\mathbf{F} = m\\vec{a}", "F = ma⃗"),
    ("\\ce{2H2 + O2 -> 2H2O}", "2H₂ + O₂ → 2H₂O"),
    ("\\ce{SO4^2-} \\ce{^{14}_{6}C}", "SO₄²⁻¹⁴₆C"),
    ("9.81\\,\\mathrm{m/s^2}", "9.81 m/s²"),
    ("25^\\circ C, f'(x), 50\\%", "25°C, f′(x), 50%"),
    ("1{,}000\\,\\text{€}", "1,000 €"),
    ("a \\equiv b \\pmod{n}", "a ≡ b (mod n)"),
    ("-5 - (-3)", "−5 − (−3)"),
    ("\\begin{aligned}a&=b\\\\c&=d\\end{aligned}", "a = b\nc = d"),
    ("x_1, \\ldots, x_n", "x₁, ..., xₙ"),
]


@pytest.mark.parametrize(("tex", "text"), FORMULAS)
def test_a_formula_is_read_on_one_line(tex: str, text: str) -> None:
    assert readable(tex) == text


@pytest.mark.parametrize(
    "tex",
    [
        "\\begin{pmatrix}a&b\\\\c&d\\end{pmatrix}",
        "f(x) = \\begin{cases}1\\\\2\\end{cases}",
        "\\frac{1}{1+\\frac{a}{b}}",
        "\\binom{n}{k}",
        "\\sqrt[n+a]{x^{\\frac{c}{d}}} \\foo",
        "\\def\\x{y}",
        "\\frac{1}{2",
        "",
        "x" * 2_001,
    ],
)
def test_what_needs_two_dimensions_is_not_readable(tex: str) -> None:
    with pytest.raises(UnreadableError):
        readable(tex)


PIECES = [
    "x",
    "2",
    "+",
    "-",
    "=",
    "^",
    "_",
    "{",
    "}",
    "\\frac",
    "\\sqrt",
    "(",
    ")",
    "\\sum",
    "\\hat",
    "\\text",
    " ",
    "&",
]
PIECES += ["'", "\\left(", "\\right)", "\\overline", "\\\\", "\\ce"]


@given(tex=st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_any_formula_is_readable_or_said_not_to_be(tex: str) -> None:
    with suppress(UnreadableError):
        assert readable(tex).strip()
