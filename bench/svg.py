"""Lines, boxes and words of a picture, written as SVG in the manner of capas's own plots."""

import math
from xml.sax.saxutils import escape

INK, SOFT_INK, GRID = "#222222", "#666666", "#dddddd"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


class Drawing:
    def __init__(self, width=720):
        self.width, self.parts = width, []

    def text(self, x, y, words, anchor="start", size=12, colour=INK, bold=False):
        weight = ' font-weight="bold"' if bold else ""
        self.parts.append(f'<text x="{x:.2f}" y="{y:.2f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}"{weight}>'
                          f"{escape(words)}</text>")

    def path(self, points, colour, width=1.0, dash=0):
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        where = "L".join(f"{x:.2f},{y:.2f}" for x, y in points)
        self.parts.append(f'<path d="M{where}" fill="none" stroke="{colour}" stroke-width="{width}"{dashes} '
                          'stroke-linejoin="round"/>')

    def line(self, x, y, to_x, to_y, colour, width=1.0, dash=0):
        self.path([(x, y), (to_x, to_y)], colour, width, dash)

    def box(self, x, y, width, height, colour):
        self.parts.append(f'<rect x="{x:.2f}" y="{y:.2f}" width="{width:.2f}" height="{height:.2f}" fill="{colour}"/>')

    def dot(self, x, y, colour):
        self.parts.append(f'<circle cx="{x:.2f}" cy="{y:.2f}" r="3" fill="{colour}"/>')

    def save(self, path, height):
        with open(path, "w", encoding="utf-8") as file:
            file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" height="{height:.0f}" '
                       f'viewBox="0 0 {self.width} {height:.0f}" font-family="\'DejaVu Sans\',Verdana,sans-serif">\n'
                       '<rect width="100%" height="100%" fill="#ffffff"/>\n' + "\n".join(self.parts) + "\n</svg>\n")


def round_steps(most, count):
    """About `count` round numbers from 0 to at most `most`."""
    step = 10 ** math.floor(math.log10(most / count))
    step *= next(factor for factor in (1, 2, 5, 10) if most / (step * factor) <= count)
    return [step * i for i in range(int(most / step) + 1)]
