"""A4 pages with the few shapes that the report is made of."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Final

from fpdf import FPDF
from fpdf.enums import Align, TableBordersLayout, WrapMode, XPos, YPos
from fpdf.fonts import FontFace
from PIL import Image

from service.evidence.colours import colour_of
from service.report.document import Picture
from service.report.fonts import FALLBACK, FAMILY, FILES, bundled, fallback, needs_shaping, spelt

MARGIN_MM: Final = 18
LINE_MM: Final = 5.2
INK: Final = (20, 32, 28)
FAINT: Final = (86, 97, 89)
RULE: Final = (211, 215, 207)
SOFT: Final = (243, 244, 241)
REAL: Final = (10, 98, 90)


class Paper(FPDF):
    """Writes down the page; what does not fit goes on the next one."""

    def __init__(self, title: str, footer: str) -> None:
        super().__init__(format="A4")
        self._footer = spelt(footer)
        self.set_margin(MARGIN_MM)
        self.set_auto_page_break(True, MARGIN_MM)
        for style in FILES:
            self.add_font(FAMILY, style, bundled(style))
        found = fallback()
        if found is not None:
            self.add_font(FALLBACK, "", found)
            self.set_fallback_fonts([FALLBACK], exact_match=False)
        # Shaping costs as much as all the rest, and of all texts only a name can need it.
        self.set_text_shaping(needs_shaping(title))
        self.set_title(spelt(title))
        self.set_lang("en")
        self.set_creator("Vericlip")
        self.add_page()

    def footer(self) -> None:
        """The file's hash and the number of the page, on every page."""
        self.set_y(-14)
        self._font(7, FAINT)
        self.cell(self.epw - 20, 5, self._footer)
        self.cell(20, 5, f"{self.page_no()}/{{nb}}", align=Align.R)

    def heading(self, text: str, level: int = 2) -> None:
        """A heading that stays with what follows."""
        size = {1: 10, 2: 13, 3: 10.5}[level]
        if self.will_page_break(30):
            self.add_page()
        self.ln(5 if level == 2 else 2)
        self._font(size, FAINT if level == 1 else INK, bold=True)
        self._lines(text, size * 0.5)
        self.ln(1)

    def text_block(self, text: str, size: float = 9.5, faint: bool = False, bold: bool = False) -> None:
        """A paragraph."""
        self._font(size, FAINT if faint else INK, bold)
        self._lines(text, size * 0.53)
        self.ln(0.8)

    def bullets(self, items: Iterable[str]) -> None:
        """A list."""
        self._font(9.5, INK)
        for item in items:
            self.cell(5, LINE_MM, "•")
            self.multi_cell(self.epw - 5, LINE_MM, spelt(item), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align=Align.L)
        self.ln(1)

    def code(self, text: str) -> None:
        """Lines to be copied; they break anywhere, but stay on one page."""
        self._font(8, INK)
        self.set_fill_color(*SOFT)
        with self.unbreakable() as kept:
            kept.multi_cell(
                0, 4.6, spelt(text), fill=True, padding=2, wrapmode=WrapMode.CHAR, new_x=XPos.LMARGIN, new_y=YPos.NEXT
            )
        self.ln(1)

    def grid(self, rows: Sequence[Sequence[str]], widths: Sequence[float], heads: bool = True, right: int = 0) -> None:
        """A table; its last `right` columns are numbers."""
        self._font(8.5, INK)
        self.set_draw_color(*RULE)
        self.set_fill_color(255, 255, 255)
        aligned = [Align.L] * (len(widths) - right) + [Align.R] * right
        bold = FontFace(emphasis="BOLD", color=INK)
        with self.table(
            col_widths=tuple(widths),
            text_align=tuple(aligned),
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            first_row_as_headings=heads,
            headings_style=bold,
            line_height=4.6,
            padding=(0.7, 1.5, 0.7, 0),
        ) as table:
            for row in rows:
                table.row([spelt(cell) for cell in row])
        self.ln(1)

    def pictures(self, items: Sequence[Picture], height_mm: float) -> None:
        """Pictures side by side, each with its title below, as many in a row as fit."""
        for item in items:
            width, height = self._fitted(item, height_mm)
            if self.get_x() > MARGIN_MM and self.get_x() + width > self.w - MARGIN_MM:
                self._next_row(height_mm)
            if self.will_page_break(height + 8):
                self.add_page()
            x, y = self.get_x(), self.get_y()
            self.image(BytesIO(item.content), x, y, width, height, alt_text=item.title)
            self.set_xy(x, y + height)
            self._font(7, FAINT)
            self.cell(width, 4, spelt(item.title))
            self.set_xy(x + width + 4, y)
        if items:
            self._next_row(height_mm)

    def bar(self, share_from: float, share_to: float, probability: float, width: float, height: float) -> None:
        """A filled bar over part of `width`, at the current place, in the colour of a probability."""
        low, high = sorted((share_from, share_to))
        self.set_fill_color(*colour_of(probability))
        self.rect(self.get_x() + low * width, self.get_y(), max((high - low) * width, 0.3), height, style="F")

    def _fitted(self, item: Picture, height_mm: float) -> tuple[float, float]:
        with Image.open(BytesIO(item.content)) as picture:
            ratio = picture.width / picture.height
        width = min(height_mm * ratio, self.epw)
        return width, width / ratio

    def _next_row(self, height_mm: float) -> None:
        self.set_xy(MARGIN_MM, self.get_y() + height_mm + 7)

    def _font(self, size: float, colour: tuple[int, int, int], bold: bool = False) -> None:
        self.set_font(FAMILY, "B" if bold else "", size)
        self.set_text_color(*colour)

    def _lines(self, text: str, height: float) -> None:
        self.multi_cell(0, height, spelt(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT, align=Align.L)
