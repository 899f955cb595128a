"""The few HTML pieces that a report is made of."""

import base64
from collections.abc import Sequence
from html import escape
from typing import Any, Final

STYLE: Final = """
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}caption{text-align:left;font-weight:600;padding:.3rem 0}
th,td{padding:.2rem .7rem;border-bottom:1px solid #8884;text-align:left}th{font-weight:600}
td.n{text-align:right;font-variant-numeric:tabular-nums}
small{opacity:.7}figure{display:inline-block;margin:.5rem}img{max-width:100%;background:#fff}
details{margin:.5rem 0}summary{cursor:pointer;font-weight:600}.scroll{overflow-x:auto}
"""


def page(parts: Sequence[str]) -> str:
    """A whole page that needs nothing else."""
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    head += f"<title>Evaluation</title><style>{STYLE}</style>"
    body = "\n".join(parts)
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'


def table(caption: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """An HTML table; numbers to the right, nothing shown where nothing is known."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    lines = ["<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in rows]
    return (
        f'<div class="scroll"><table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def picture(content: bytes, name: str) -> str:
    """A PNG, inside the page itself."""
    coded = base64.b64encode(content).decode()
    return f'<figure><img alt="{escape(name)}" src="data:image/png;base64,{coded}"></figure>'


def _cell(value: Any) -> str:
    if isinstance(value, dict) and "value" in value:
        if value["value"] is None:
            return '<td class="n">–</td>'
        spread = "" if value.get("low") is None else f" <small>{value['low']:.3f}–{value['high']:.3f}</small>"
        return f'<td class="n">{value["value"]:.3f}{spread}</td>'
    if value is None:
        return '<td class="n">–</td>'
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"<td>{escape(str(value))}</td>"
    return f'<td class="n">{value:.3f}</td>' if isinstance(value, float) else f'<td class="n">{value}</td>'
