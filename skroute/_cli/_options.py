"""The grammar of the command."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from .. import __version__
from .._utils import printable
from ._goal import Goal

# What belongs to a file of queries alone.
_OF_A_LOG = (
    *("format", "columns", "text_column", "prices", "aliases", "score", "price_per_second"),
    "embed",
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line."""
        self.exit(2, f"skroute: error: {printable(message)}\n")


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options of a command; `fit` is meant where the first word is none."""
    parser = _Parser(
        prog="skroute",
        description="Learn from logs which language model should answer each query.",
        epilog="Options without a command are those of fit: 'skroute --log log.csv'.",
    )
    parser.add_argument("--version", action="version", version=f"skroute {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="{fit,refit,monitor,explain}")
    fit = commands.add_parser(
        "fit",
        help="learn a router from a log and show what it saves",
        description="Learn from a log which model should answer each query, and compare the router "
        "with fixed models on held-out queries. Without --log and --table: on a synthetic log "
        "whose truth is known.",
    )
    _add_source(fit)
    _add_goal(fit)
    _add_output(fit)
    refit = commands.add_parser(
        "refit",
        help="learn again from what was served",
        description="Fit a saved router again on a new log, compare it with the saved one on the "
        "newest judged rows, and replace the file at once where the new one is not worse. The "
        "steps before the router stay as they are.",
    )
    _add_refit(refit)
    monitor = commands.add_parser(
        "monitor",
        help="say whether a serving router does what it was meant to",
        description="Compare the newest rows of a log with what a saved router expects of them.",
    )
    _add_monitor(monitor)
    explain = commands.add_parser("explain", help="say why a saved router chooses as it does")
    _add_explain(explain)
    words = list(arguments)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "fit")
    options = parser.parse_args(words)
    if options.command == "fit":
        _check_fit(fit, options)
    elif options.command != "explain":
        _read_log_options(parser, options)
    _check_numbers(parser, options)
    return options


def _add_source(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--log",
        nargs="+",
        metavar="FILE",
        help="your own log: JSON lines, JSON, CSV or Parquet of LiteLLM, Langfuse, OpenTelemetry, "
        "or a table with a model and a quality a row (see skroute.datasets.read_log)",
    )
    source.add_argument(
        "--table",
        metavar="FILE",
        help="every model's quality and cost on every query (.npz, .csv, .parquet; see "
        "skroute.datasets.load_routing_table); a biased log of it is simulated to learn from",
    )
    _add_reading(parser)
    parser.add_argument(
        "--embed",
        metavar="NAME",
        help="how text becomes features: tfidf (default), minilm or any sentence-transformers "
        "model (needs scikit-route[text])",
    )
    parser.add_argument(
        "--embeddings", metavar="FILE", help="features of the queries, .npy (n, d), row by row"
    )


def _add_refit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--log",
        nargs="+",
        required=True,
        metavar="FILE",
        help="what was served since, such as a folder that skroute.integrations.RequestLog wrote",
    )
    parser.add_argument(
        "--keep",
        nargs="+",
        metavar="FILE",
        help="older logs to learn from too; where they explored, keep them",
    )
    parser.add_argument(
        "--router",
        required=True,
        metavar="FILE",
        help="router.joblib, which is replaced; loading one runs what it holds, so take only your "
        "own",
    )
    parser.add_argument(
        "--tolerance",
        type=float,
        default=0.01,
        metavar="T",
        help="utility per query, in units of quality, that the new router may be worse by "
        "(default: 0.01)",
    )
    parser.add_argument("--report", metavar="FILE", help="write a page of both routers")
    parser.add_argument("--volume", type=float, metavar="N", help="queries a month, for the page")
    _add_reading(parser)


def _add_monitor(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--log", nargs="+", required=True, metavar="FILE", help="what was served")
    parser.add_argument(
        "--router",
        required=True,
        metavar="FILE",
        help="router.joblib that serves; loading one runs what it holds, so take only your own",
    )
    parser.add_argument(
        "--days", type=float, default=7.0, metavar="N", help="what is newest (default: 7)"
    )
    parser.add_argument("--output", metavar="FILE", help="write a page")
    _add_reading(parser)


def _add_reading(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", default=None, help="of the log (default: recognized)")
    parser.add_argument(
        "--columns",
        nargs="+",
        metavar="FIELD=COLUMN",
        help="where the log has what, such as model=model_group quality=metadata.rating",
    )
    parser.add_argument(
        "--text-column", metavar="COLUMN", help="the same as --columns query=COLUMN"
    )
    parser.add_argument(
        "--prices",
        metavar="FILE",
        help="today's dollars per token, a JSON file, or 'litellm' for the map that it carries",
    )
    parser.add_argument(
        "--aliases",
        nargs="+",
        metavar="NAME=NAME",
        help="names of models to join, or a JSON file of them; 'auto' (default): those that differ "
        "in case, blanks or a provider's prefix alone; 'none'",
    )
    parser.add_argument(
        "--score",
        metavar="LABEL[=WORST,BEST]",
        help="which label is the quality, and its scale, such as stars=1,5 or toxicity=1,0",
    )
    parser.add_argument(
        "--price-per-second",
        type=float,
        metavar="P",
        help="dollars that a second of waiting is worth; added to the cost",
    )


def _add_goal(parser: argparse.ArgumentParser) -> None:
    goal = parser.add_mutually_exclusive_group()
    goal.add_argument(
        "--cost-sensitivity",
        type=float,
        metavar="L",
        help="quality given up per dollar saved (default: 0.3 over the spread of mean costs)",
    )
    goal.add_argument("--budget", type=float, metavar="DOLLARS", help="mean cost of a query")
    goal.add_argument(
        "--quality-floor",
        metavar="Q",
        help="the cheapest router that keeps this mean quality; 'today': that of the log",
    )
    parser.add_argument("--exclude", nargs="+", metavar="MODEL", help="never choose these models")


def _add_output(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--output",
        metavar="DIR",
        help="write router.joblib, results.csv and, with matplotlib, cost_quality.png; with --log "
        "report.html too",
    )
    parser.add_argument(
        "--baseline",
        metavar="ROUTER",
        help="a saved router to compare with, such as last week's; loading one runs what it holds, "
        "so take only your own",
    )
    parser.add_argument("--volume", type=float, metavar="N", help="queries a month")
    parser.add_argument("--seed", type=int, default=0, help="decides data, splits and fits")
    parser.add_argument("--quick", action="store_true", help="fewer rows and cost sensitivities")


def _add_explain(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Show each model's predicted quality, cost and utility for a query. Loading a saved router "
        "runs what it holds: take only your own."
    )
    parser.add_argument("router", metavar="ROUTER", help="router.joblib, as fit writes it")
    parser.add_argument("queries", nargs="+", metavar="QUERY", help="a prompt")
    parser.add_argument("--cost-sensitivity", type=float, metavar="L")
    parser.add_argument("--exclude", nargs="+", metavar="MODEL", help="models that are down")


def _check_fit(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    source = "--log" if options.log else "--table" if options.table else "nothing"
    needs = dict.fromkeys((*_OF_A_LOG, "baseline"), "--log") | {"embeddings": "--log or --table"}
    for name, needed in needs.items():
        if getattr(options, name) is not None and source not in needed:
            parser.error(f"--{name.replace('_', '-')} needs {needed}")
    if options.embed is not None and options.embeddings is not None:
        parser.error("give either --embed or --embeddings")
    if not 0 <= options.seed < 2**32 - 1:
        parser.error(f"--seed must be in [0, 2**32 - 1), got {options.seed}")
    _read_log_options(parser, options)
    options.goal = _read_goal(parser, options)


def _read_log_options(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    options.columns = _read_columns(parser, options)
    options.score = _read_score(parser, options.score)


def _check_numbers(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    for name in ("cost_sensitivity", "budget", "price_per_second", "volume", "tolerance", "days"):
        value = getattr(options, name, None)
        if value is not None and not (np.isfinite(value) and value >= 0):
            option = f"--{name.replace('_', '-')}"
            parser.error(f"{option} must be a finite number of at least 0, got {value}")


def _read_columns(
    parser: argparse.ArgumentParser, options: argparse.Namespace
) -> dict[str, str] | None:
    columns = {}
    for pair in options.columns or ():
        field, sign, column = pair.partition("=")
        if not (field and sign and column):
            parser.error(f"--columns takes FIELD=COLUMN, such as quality=rating; got {pair!r}")
        columns[field] = column
    if options.text_column is not None:
        columns["query"] = options.text_column
    return columns or None


def _read_score(parser: argparse.ArgumentParser, given: str | None) -> Any:
    """Return the label, or a dict from it to the worst and the best value."""
    if given is None or "=" not in given:
        return given
    label, _, scale = given.rpartition("=")
    try:
        worst, best = map(float, scale.split(","))
    except ValueError:
        parser.error(f"--score takes LABEL or LABEL=WORST,BEST, such as stars=1,5; got {given!r}")
    return {label: (worst, best)}


def _read_goal(parser: argparse.ArgumentParser, options: argparse.Namespace) -> Goal:
    floor: Any = options.quality_floor
    if floor not in (None, "today"):
        try:
            floor = float(floor)
        except ValueError:
            parser.error(f"--quality-floor takes a number or 'today', got {floor!r}")
    if floor == "today" and not options.log:
        parser.error("--quality-floor today needs --log")
    return Goal(options.cost_sensitivity, options.budget, floor)
