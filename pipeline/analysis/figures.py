"""Figures of an analysis: colour-blind safe, with intervals, and nothing drawn for what is unknown.

Colours are those of Okabe and Ito (2008) and the map cividis (Nunez et al. 2018), which read alike to all eyes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipeline.analysis.analyze import Analysis, Slice
from pipeline.analysis.paired import Comparison
from pipeline.analysis.rates import Rate
from pipeline.schema.framing import LEVELS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
STYLE: dict[Any, Any] = {
    "figure.dpi": 110,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "impress",
    "svg.fonttype": "path",
    "text.parse_math": False,
}
POOLED = "all models"


def figures_of(analysis: Analysis) -> dict[str, tuple[str, bytes, bytes]]:
    """Return the figures that there is something to draw for: caption, SVG and PNG, by name."""
    import matplotlib as mpl

    mpl.use("Agg")
    drawers: Mapping[str, Callable[[Analysis], tuple[str, Figure] | None]] = {
        "rates": rates_figure,
        "ladder": ladder_figure,
        "effects": effects_figure,
        "slopes": slopes_figure,
        "flows": flows_figure,
        "heat_map": heat_map_figure,
    }
    with mpl.rc_context(STYLE):
        drawn = {name: drawer(analysis) for name, drawer in drawers.items()}
        return {name: (one[0], *_saved(one[1])) for name, one in drawn.items() if one is not None}


def _saved(figure: Figure) -> tuple[bytes, bytes]:
    from matplotlib import pyplot

    svg, png = io.BytesIO(), io.BytesIO()
    figure.savefig(svg, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", bbox_inches="tight", metadata={"Software": None})
    pyplot.close(figure)
    return svg.getvalue(), png.getvalue()


def rates_figure(analysis: Analysis) -> tuple[str, Figure] | None:
    """Forest plot: the risky-action rate of each model and condition, and any of k where runs were repeated."""
    rows = [one for one in analysis.overall if one.figures.action.rate is not None]
    if not rows:
        return None
    figure, axes = _axes(len(rows) + 1)
    for at, one in enumerate(reversed(rows)):
        _whisker(axes, at, one.figures.action, 0)
        if one.figures.k > 1:
            _whisker(axes, at - 0.25, one.figures.any_k, 1)
    _labels(axes, [_named(one, analysis) for one in reversed(rows)], "share of risky actions")
    caption = (
        "Risky actions: circles are single runs, squares scenarios with any risky run; intervals at "
        f"{analysis.confidence:.0%}. Runs that were not measured are in no rate."
    )
    return caption, figure


def ladder_figure(analysis: Analysis) -> tuple[str, Figure] | None:
    """The rungs judgment, choice, agent, for each model with at least two of them."""
    order = tuple(reversed(LEVELS["format"]))
    rungs = {model: dict(_rungs(analysis, model)) for model in analysis.models}
    rungs = {model: of for model, of in rungs.items() if len(of) > 1}
    if not rungs:
        return None
    figure, axes = _plain(5.2, 3.2)
    for at, (model, of) in enumerate(rungs.items()):
        places = [order.index(name) for name in order if name in of]
        rates = [of[order[place]] for place in places]
        _line(axes, [place + 0.06 * at for place in places], rates, at, model)
    axes.set_xticks(range(len(order)), order)
    axes.set_ylabel("share of risky answers or actions")
    axes.set_ylim(-0.02, 1.02)
    axes.legend(frameon=False, fontsize=8)
    return "From judging an action right, through choosing it, to doing it, on the same scenarios.", figure


def effects_figure(analysis: Analysis) -> tuple[str, Figure] | None:
    """Forest plot of the paired differences."""
    rows = [one for one in analysis.comparisons if one.difference is not None]
    if not rows:
        return None
    figure, axes = _axes(len(rows) + 1)
    for at, one in enumerate(reversed(rows)):
        assert one.difference is not None  # noqa: S101 - chosen so
        if one.low is not None and one.high is not None:
            axes.plot([100 * one.low, 100 * one.high], [at, at], color=COLOURS[0], lw=1.4)
        sure = one.p_holm is not None and one.p_holm < 0.05
        axes.plot([100 * one.difference], [at], "o", color=COLOURS[0], mfc=COLOURS[0] if sure else "white", ms=6)
    axes.axvline(0, color="0.6", lw=0.8)
    _labels(axes, [_pair(one, analysis) for one in reversed(rows)], "difference in percentage points", share=False)
    return "Paired differences, second level minus first. Filled: p below 0.05 after Holm's correction.", figure


def slopes_figure(analysis: Analysis) -> tuple[str, Figure] | None:
    """Each comparison as a slope from one rate to the other."""
    rows = [one for one in analysis.comparisons if one.rate_a is not None and one.rate_b is not None][:24]
    if not rows:
        return None
    from matplotlib import pyplot

    across = min(4, len(rows))
    down = -(-len(rows) // across)
    figure, grid = pyplot.subplots(down, across, figsize=(2.1 * across, 2.2 * down), squeeze=False, sharey=True)
    for at, axes in enumerate(grid.flat):
        if at >= len(rows):
            axes.axis("off")
            continue
        one = rows[at]
        axes.plot([0, 1], [one.rate_a, one.rate_b], "-o", color=COLOURS[0], lw=1.8)
        axes.set_xticks([0, 1], [one.a, one.b], fontsize=7)
        axes.set_xlim(-0.3, 1.3)
        axes.set_ylim(-0.02, 1.02)
        model = f"\n{_short(one.model)}" if len(analysis.models) > 1 else ""
        axes.set_title(f"{one.factor}{model}", fontsize=8)
    figure.tight_layout()
    return "Rates of the same scenarios under two levels of one factor.", figure


def flows_figure(analysis: Analysis) -> tuple[str, Figure] | None:
    """Fixed to the left, newly risky to the right, for each comparison."""
    rows = [one for one in analysis.comparisons if one.pairs and one.fixed + one.newly]
    if not rows:
        return None
    figure, axes = _axes(len(rows) + 1)
    for at, one in enumerate(reversed(rows)):
        fixed, newly = 100 * one.fixed / one.pairs, 100 * one.newly / one.pairs
        axes.barh(at, -fixed, color=COLOURS[0], height=0.6)
        axes.barh(at, newly, color=COLOURS[1], height=0.6, hatch="//", edgecolor="white")
        axes.plot([newly - fixed], [at], "D", color="black", ms=5)
        axes.text(-fixed, at, f"{one.fixed} ", ha="right", va="center", fontsize=7)
        axes.text(newly, at, f" {one.newly}", ha="left", va="center", fontsize=7)
    axes.axvline(0, color="0.3", lw=0.8)
    axes.margins(x=0.15)
    _labels(axes, [_pair(one, analysis) for one in reversed(rows)], "share of pairs in percent", share=False)
    return "Pairs that changed: fixed (blue, left), newly risky (orange, hatched), net (diamond).", figure


def heat_map_figure(analysis: Analysis) -> tuple[str, Figure] | None:
    """Motive x risk type over all models, with the number of runs in each cell; empty where nothing was measured."""
    cells = list(_cells(analysis))
    if not cells:
        return None
    import numpy as np

    motives, risks = (sorted({name.split(" x ")[part] for name, _ in cells}) for part in (0, 1))
    table = np.full((len(motives), len(risks)), np.nan)
    figure, axes = _plain(1.6 + 0.62 * len(risks), 1.2 + 0.42 * len(motives))
    for name, rate in cells:
        motive, risk = name.split(" x ")
        row, column = motives.index(motive), risks.index(risk)
        assert rate.rate is not None  # noqa: S101 - chosen so
        table[row, column] = rate.rate
        colour = "black" if rate.rate > 0.55 else "white"
        axes.text(
            column, row, f"{100 * rate.rate:.0f}\nn={rate.n}", ha="center", va="center", fontsize=6.5, color=colour
        )
    image = axes.imshow(table, cmap="cividis", vmin=0, vmax=1, aspect="auto")
    axes.set_xticks(range(len(risks)), [name.replace("_", " ") for name in risks], rotation=40, ha="right")
    axes.set_yticks(range(len(motives)), [name.replace("_", " ") for name in motives])
    figure.colorbar(image, ax=axes, label="share of risky actions", fraction=0.04)
    return "Risky actions in percent by motive and risk type, baseline condition. White: no measured run.", figure


def _cells(analysis: Analysis) -> Iterator[tuple[str, Rate]]:
    wanted = POOLED if len(analysis.models) > 1 else analysis.models[0]
    first = next((one for one in analysis.conditions if one.startswith("agent.")), None)
    for one in analysis.slices:
        if one.by == "cell" and one.model == wanted and one.condition == first and one.figures.action.rate is not None:
            yield one.value, one.figures.action


def _rungs(analysis: Analysis, model: str) -> Iterator[tuple[str, Rate]]:
    for one in analysis.overall:
        form, _, rest = one.condition.partition(".")
        if one.model == model and rest == "unstated.none.present.none" and one.figures.action.rate is not None:
            yield form, one.figures.action


def _axes(rows: int) -> tuple[Figure, Axes]:
    return _plain(6.4, 0.9 + 0.3 * rows)


def _plain(width: float, height: float) -> tuple[Figure, Axes]:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(width, height))
    return figure, axes


def _whisker(axes: Axes, at: float, rate: Rate, series: int) -> None:
    if rate.rate is None or rate.low is None or rate.high is None:
        return
    axes.plot([rate.low, rate.high], [at, at], color=COLOURS[series], lw=1.4)
    axes.plot([rate.rate], [at], MARKS[series], color=COLOURS[series], ms=5.5)


def _line(axes: Axes, places: Sequence[float], rates: Sequence[Rate], series: int, label: str) -> None:
    colour, mark = COLOURS[series % len(COLOURS)], MARKS[series % len(MARKS)]
    for place, rate in zip(places, rates, strict=True):
        if rate.low is not None and rate.high is not None:
            axes.plot([place, place], [rate.low, rate.high], color=colour, lw=1)
    values = [rate.rate if rate.rate is not None else float("nan") for rate in rates]
    axes.plot(places, values, f"-{mark}", color=colour, label=_short(label), ms=5.5)


def _labels(axes: Axes, names: Sequence[str], label: str, *, share: bool = True) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.set_xlabel(label)
    if share:
        axes.set_xlim(0, 1)
    axes.grid(axis="x", color="0.9", lw=0.6)
    axes.set_axisbelow(True)


def _named(one: Slice, analysis: Analysis) -> str:
    condition = one.condition.replace(".unstated.none.present.none", "")
    return condition if len(analysis.models) == 1 else f"{_short(one.model)}, {condition}"


def _pair(one: Comparison, analysis: Analysis) -> str:
    named = f"{one.factor.replace('_', ' ')}: {one.a} to {one.b}"
    return named if len(analysis.models) == 1 else f"{_short(one.model)}, {named}"


def _short(model: str) -> str:
    name, apart, way = model.rsplit("/", 1)[-1].partition(" (")
    return (name if len(name) <= 28 else f"{name[:27]}…") + apart + way
