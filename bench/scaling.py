"""Draws what bench/scaling measured: scaling.py IN.json OUT.svg. Logarithmic in both directions; the dashed lines grow
as the multiplications do."""

import json
import math
import sys

from svg import COLOURS, GRID, INK, SOFT_INK, Drawing

WIDTH, HEIGHT, ROW = 280, 130, 205
LEFT = (60, 420)


def ticks(low, high):
    """Powers of ten, and where these are few their doubles and fives."""
    factors = (1,) if math.log10(high / low) > 2.5 else (1, 2, 5)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [f * 10.0**p for p in powers for f in factors if low <= f * 10.0**p <= high]


def in_words(value):
    return f"{value:,.0f}" if value >= 1 else f"{value:.3f}".rstrip("0")


def panel(drawing, left, top, xs, title, curves):
    """`curves` are (name, colour, dash, values)."""
    every = [value for *_, values in curves for value in values]
    low, high = min(every) / 1.3, max(every) * 1.3

    def place(x, y):
        return (left + WIDTH * math.log(x / xs[0]) / math.log(xs[-1] / xs[0]),
                top + HEIGHT * (1 - math.log(y / low) / math.log(high / low)))

    drawing.text(left, top - 8, title, colour=SOFT_INK)
    for tick in ticks(low, high):
        y = place(xs[0], tick)[1]
        drawing.line(left, y, left + WIDTH, y, GRID)
        drawing.text(left - 6, y + 4, in_words(tick), anchor="end", size=10)
    for x in xs:
        drawing.text(place(x, low)[0], top + HEIGHT + 14, str(x), anchor="middle", size=10)
    drawing.line(left, top + HEIGHT, left + WIDTH, top + HEIGHT, SOFT_INK)
    for _, colour, dash, values in curves:
        points = [place(x, y) for x, y in zip(xs, values)]
        drawing.path(points, colour, 1 if dash else 2, dash)
        if not dash:
            for point in points:
                drawing.dot(*point, colour)


def sweep_row(drawing, top, sweep, unit):
    points = [point for point in sweep["points"] if "failed" not in point]
    xs = [point["value"] for point in points]
    drawing.text(16, top, sweep["what"], size=13, bold=True)
    curves = []
    for colour, figure, flops in zip(COLOURS, ("train_seconds", "predict_seconds"), ("training_flops", "forward_flops")):
        times = [1e3 * point[figure] for point in points]
        rate = times[-1] / points[-1][flops]
        curves.append((figure, colour, 0, times))
        curves.append((figure, colour, 3, [rate * point[flops] for point in points]))
    low = min(min(values) for *_, dash, values in curves if not dash)
    curves = [(name, colour, dash, [max(value, low) for value in values]) for name, colour, dash, values in curves]
    panel(drawing, LEFT[0], top + 36, xs, unit, curves)
    panel(drawing, LEFT[1], top + 36, xs, "MB of memory at the peak",
          [("memory", COLOURS[2], 0, [point["peak_megabytes"] for point in points])])


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        result = json.load(file)
    drawing = Drawing()
    for x, colour, words in ((16, COLOURS[0], "a step of training"), (170, COLOURS[1], "a prediction"),
                             (290, COLOURS[2], "memory")):
        drawing.box(x, 12, 12, 12, colour)
        drawing.text(x + 18, 22, words)
    drawing.line(370, 18, 398, 18, INK, dash=3)
    drawing.text(404, 22, "in proportion to the multiplications, as at the end")
    threads = "one thread" if result["threads"] == 1 else f"{result['threads']} threads"
    unit = f"ms a call, {threads}" + (", processor time" if result["processor_time"] else "")
    for row, sweep in enumerate(result["sweeps"]):
        sweep_row(drawing, 52 + row * ROW, sweep, unit)
    drawing.save(sys.argv[2], 45 + len(result["sweeps"]) * ROW)


main()
