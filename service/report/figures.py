"""Numbers as the report writes them: the same in HTML and in PDF."""

import unicodedata
from typing import Final

MINUS: Final = "\N{MINUS SIGN}"
THIN: Final = "\N{NO-BREAK SPACE}"


def percent(probability: float) -> str:
    """A probability with one decimal: `73.4 %`."""
    return f"{100 * probability:.1f}{THIN}%"


def log_odds(value: float) -> str:
    """With its sign and four decimals: `+0.4132`."""
    return f"{'+' if value >= 0 else MINUS}{abs(value):.4f}"


def seconds(value: float) -> str:
    """With two decimals: `1.16 s`."""
    return f"{value:.2f}{THIN}s"


def plain_number(value: float) -> str:
    """Whole numbers as such, others with up to four decimals."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:.4f}".rstrip("0").rstrip(".")


def size_of(count: int) -> str:
    """Bytes, in megabytes where there are many."""
    return f"{count / 1e6:.1f}{THIN}MB" if count >= 1_000_000 else f"{count:,}{THIN}bytes"


def visible(text: str) -> str:
    """What others named, with every sign that cannot be seen, or that turns the writing around, spelt out."""
    return "".join(sign if _shows(sign) else f"\\u{{{ord(sign):04x}}}" for sign in text)


def _shows(sign: str) -> bool:
    return unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
