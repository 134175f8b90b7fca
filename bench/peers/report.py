"""What run.py measured: tables for a terminal, a page, and a bar chart (SVG)."""

import os
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from svg import GRID, INK, SOFT_INK, Drawing, round_steps  # noqa: E402  (bench/svg.py)


def median(values):
    return statistics.median([value for value in values if value is not None])


def peers_of(sides):
    """The peers that ever answered."""
    return {side: values for side, values in sides.items() if side != "capas" and any(values)}


def ratios(sides, best, ratio):
    """One a round, against the best of the peers in it."""
    rows = zip(sides["capas"], *peers_of(sides).values())
    return [ratio(row[0], best(x for x in row[1:] if x)) for row in rows if any(row[1:])]


def training_ratios(one):
    return ratios(one["samples_per_second"], max, lambda ours, theirs: ours / theirs)


def prediction_ratios(one, library=""):
    sides = {side: values for side, values in one["seconds"].items() if side == "capas" or side.startswith(library)}
    return ratios(sides, min, lambda ours, theirs: theirs / ours)


def spread(values):
    if not values:
        return "no peer"
    digits = 2 if min(values) < 10 else 0 if min(values) >= 100 else 1
    middle, least, most = (f"{value:,.{digits}f}" for value in (median(values), min(values), max(values)))
    return f"{middle} ({least} to {most})"


def machine(results):
    return f"{results['threads']} threads of {results['processor']}"


def training_table(results):
    """The heading, and a row of texts for each network."""
    rows, peak = [], max(one["peak_gflops"] for one in results["training"])
    for one in results["training"]:
        sides = one["samples_per_second"]
        ours, peers = median(sides["capas"]), peers_of(sides)
        best = max(peers, key=lambda side: median(peers[side]), default=None)
        theirs = median(peers[best]) if best else 0
        of_peak = [f"{100 * rate * one['training_flops'] / peak / 1e9:.0f} %" for rate in (ours, theirs)]
        rows.append([one["network"], f"{one['batch']}", f"{one['training_flops'] / 1e6:.2f}", f"{ours:,.0f}", of_peak[0],
                     *([f"{theirs:,.0f}", of_peak[1]] if best else ["-", "-"]), spread(training_ratios(one)),
                     best or "-"])
    return ["network", "batch", "MFLOP", "capas", "of peak", "best peer", "of peak", "ratio", "which"], rows


LIBRARIES = ("ONNX Runtime", "OpenVINO", "Keras predict")


def prediction_table(results):
    rows = []
    for one in results["prediction"]:
        others = ", ".join(f"{side} {1e6 * median(values):,.0f}" for side, values in peers_of(one["seconds"]).items())
        rows.append([one["network"], f"{one['batch']}", f"{1e6 * median(one['seconds']['capas']):,.0f}",
                     *(spread(prediction_ratios(one, library)) for library in LIBRARIES), others])
    return ["network", "batch", "capas", *(f"ratio to {library}" for library in LIBRARIES), "others"], rows


def print_table(heading, rows):
    widths = [max(len(row[i]) for row in [heading, *rows]) for i in range(len(heading))]
    for row in [heading, *rows]:
        print("  ".join(text.ljust(width) if i in (0, len(row) - 1) else text.rjust(width)
                        for i, (text, width) in enumerate(zip(row, widths, strict=True))).rstrip())


def print_results(results):
    for title, part, table in (("Training, samples/s", "training", training_table),
                               ("Prediction, us a call", "prediction", prediction_table)):
        if results[part]:
            print(f"\n{title}, {machine(results)}, {results['rounds']} rounds")
            print_table(*table(results))


def markdown(heading, rows):
    lines = ["| " + " | ".join(row) + " |" for row in [heading, *rows]]
    middle = "|".join("---" if i in (0, len(heading) - 1) else "---:" for i in range(len(heading)))
    return "\n".join([lines[0], f"|{middle}|", *lines[1:]])


def write_page(results, path, picture):
    """The page for readers."""
    picture = os.path.relpath(picture, os.path.dirname(path))
    versions = ", ".join(f"{name} {version}" for name, version in sorted(results["versions"].items()))
    parts = [f"""# capas and its peers
Written by `make bench-peers` ([how](../bench/README.md)) on {results['date']}: {machine(results)}, turns of
{results['seconds']:g} s in up to {results['rounds']} rounds. The load average before it was {results['load']:.1f}; other
work on the machine counts against all sides. Versions: {versions}.

![Ratios of training and prediction]({picture})
"""]
    if results["training"]:
        peak = max(one["peak_gflops"] for one in results["training"])
        parts.append(f"""## Training
Samples a second in the first epoch on MNIST, shuffled; medians. *MFLOP*: multiplications and additions of training with
one sample, none left out. *Of peak*: of the {peak:.0f} GFLOP/s that multiply-adds in registers reach here; capas may pass
it, as it leaves out what is multiplied by an exact zero. *Ratio*: of each round to its best peer, median and range.
no-zeros is a network in which nothing can be left out (average pooling, selu); model3 is trained without augmentation.
What every variant of a peer reached when it was tried stands in the JSON beside this page.

{markdown(*training_table(results))}
""")
    if results["prediction"]:
        parts.append(f"""## Prediction
The median time of a call in microseconds.

{markdown(*prediction_table(results))}
""")
    Path(path).write_text("\n".join(parts), encoding="utf-8")


BAR, GAP, LEFT, RIGHT = 14, 8, 150, 70


def draw_bars(drawing, top, title, rows, colour):
    """Bars of ratios with their spread, and a line at 1, where a peer would be. Gives back where they end."""
    drawing.text(16, top + 13, title, size=13, bold=True)
    top += 30
    most = max([max(values) for _, values in rows])
    width = drawing.width - LEFT - RIGHT
    bottom = top + len(rows) * (BAR + GAP)
    for tick in round_steps(most, 6):
        x = LEFT + width * tick / most
        drawing.line(x, top - 4, x, bottom, GRID)
        drawing.text(x, bottom + 12, f"{tick:g}", anchor="middle", size=11, colour=SOFT_INK)
    for row, (name, values) in enumerate(rows):
        y = top + row * (BAR + GAP)
        middle = median(values)
        drawing.text(LEFT - 8, y + 11, name, anchor="end")
        drawing.box(LEFT, y, width * middle / most, BAR, colour)
        drawing.line(LEFT + width * min(values) / most, y + BAR / 2, LEFT + width * max(values) / most, y + BAR / 2, INK)
        drawing.text(LEFT + width * max(middle, max(values)) / most + 6, y + 11, f"{middle:.1f}")
    x = LEFT + width / most
    drawing.line(x, top - 4, x, bottom, INK, dash=4)
    return bottom + 30


def draw(results, path):
    training = [(one["network"], training_ratios(one)) for one in results["training"]]
    prediction = [(f"{one['network']}, {one['batch']}", prediction_ratios(one, "ONNX Runtime"))
                  for one in results["prediction"]]
    drawing, y = Drawing(), 16
    parts = (("Training: samples a second, as a multiple of the best peer's", training, "#0072b2"),
             ("Prediction by batch size: speed as a multiple of ONNX Runtime's", prediction, "#d55e00"))
    for title, rows, colour in parts:
        rows = [(name, values) for name, values in rows if values]
        if rows:
            y = draw_bars(drawing, y, title, rows, colour)
    drawing.text(16, y, "Bar: median of the rounds; line in it: lowest to highest; dashed: as fast as the peer.", size=11,
                 colour=SOFT_INK)
    drawing.save(path, y + 14)
