"""Write the log that the package ships: what a support desk asked four models in four weeks.

    python benchmarks/example_log.py [PATH]

The prompts are put together from lists of words, so that nobody's data is in it. As in a real
deployment the strong model got most of the hard prompts, a quarter of the traffic was spread over
all models, four of five answers were judged by a thumb, and which model is good enough depends on
what is asked: by averages the coder looks poor, for it is good at code alone.
"""

import argparse
import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

PLACE = Path(__file__).parents[1] / "skroute" / "datasets" / "data" / "example_log.csv"
MODELS = ("large", "medium", "small", "coder")
# Dollars per million tokens, in and out.
PRICES = {"large": (5.0, 20.0), "medium": (0.8, 3.2), "small": (0.1, 0.4), "coder": (0.3, 1.2)}
SECONDS_PER_TOKEN = {"large": 0.03, "medium": 0.015, "small": 0.006, "coder": 0.01}

THINGS = [
    "invoice",
    "password",
    "delivery",
    "subscription",
    "refund",
    "account",
    "voucher",
    "receipt",
    "order",
    "address",
]
TOPICS = [
    "solar panels",
    "city bikes",
    "coffee machines",
    "winter tyres",
    "garden tools",
    "board games",
    "running shoes",
    "kitchen knives",
    "night trains",
    "house plants",
    "old cameras",
    "tea",
]
LANGUAGES = ["French", "German", "Spanish", "Italian", "Polish", "Dutch", "Portuguese"]
LAW = [
    "liability",
    "warranty",
    "termination",
    "indemnity",
    "confidentiality",
    "arbitration",
    "governing law",
    "late payment",
    "data protection",
    "force majeure",
]
CODE = [
    "sort a linked list",
    "parse a date",
    "retry a request",
    "merge two dictionaries",
    "stream a large file",
    "lock a shared counter",
    "cache a slow call",
    "walk a directory tree",
    "validate an email",
    "page through results",
]
MATH = [
    "the sum of two odd numbers is even",
    "there are infinitely many primes",
    "the square root of two is irrational",
    "every tree with n nodes has n - 1 edges",
    "a continuous function on a closed interval is bounded",
    "the harmonic series diverges",
]
SOFTWARE = ["Python", "SQL", "TypeScript", "Rust", "Go", "Bash"]
TONES = ["friendly", "formal", "short", "warm", "polite", "plain"]

# Of each kind: its share, how hard the deployment thinks it is, the share of good answers of each
# model, mean tokens of an answer, and how it is asked.
KINDS = {
    "question": (
        0.26,
        0.1,
        (0.95, 0.94, 0.93, 0.4),
        90,
        (
            "Where do I find my {thing}?",
            "How can I change the {thing} of my last purchase of {topic}?",
            "The {thing} for my {topic} has not arrived, what now?",
            "Can I cancel my {thing}?",
        ),
    ),
    "rewrite": (
        0.18,
        0.2,
        (0.95, 0.93, 0.9, 0.4),
        160,
        (
            "Write a {tone} reply to a customer who asks about a {thing}.",
            "Make this {tone}: your {thing} will be sent when the {topic} are back in stock.",
            "Shorten this note about {topic} and keep it {tone}.",
        ),
    ),
    "translate": (
        0.14,
        0.3,
        (0.95, 0.92, 0.6, 0.3),
        150,
        (
            "Translate into {language}: the {thing} for your {topic} is attached.",
            "How do you say 'please confirm the {thing}' in {language}?",
            "Translate this product text about {topic} into {language}, in a {tone} tone.",
        ),
    ),
    "code": (
        0.2,
        0.8,
        (0.9, 0.6, 0.25, 0.92),
        420,
        (
            "Write a {software} function to {code}.",
            "Why does my {software} code to {code} fail on empty input?",
            "Review this {software} code that should {code} and explain the bug.",
        ),
    ),
    "contract": (
        0.12,
        0.9,
        (0.9, 0.5, 0.15, 0.2),
        520,
        (
            "Check the {law} clause of this contract about {topic} for risks.",
            "Compare the {law} and the {law} clauses of both drafts and list the conflicts.",
            "Draft a {law} clause for a supplier of {topic}.",
        ),
    ),
    "proof": (
        0.1,
        1.0,
        (0.85, 0.4, 0.1, 0.4),
        600,
        (
            "Prove that {math}.",
            "Find the mistake in this proof that {math}.",
            "Explain step by step why {math}.",
        ),
    ),
}
WORDS = {
    "thing": THINGS,
    "topic": TOPICS,
    "language": LANGUAGES,
    "law": LAW,
    "code": CODE,
    "math": MATH,
    "software": SOFTWARE,
    "tone": TONES,
}
# How the deployment chose: the harder a kind, the larger the model.
HABIT = {"large": (-0.5, 2.5), "medium": (0.5, 0.5), "small": (1.0, -2.0), "coder": (-0.5, 1.0)}
EXPLORATION = 0.25
JUDGED = 0.8


def ask(rng, templates):
    """Fill the gaps of one of the templates."""
    text = str(rng.choice(templates))
    for name, words in WORDS.items():
        while f"{{{name}}}" in text:
            text = text.replace(f"{{{name}}}", str(rng.choice(words)), 1)
    return text


def choose(rng, hardness):
    """Draw a model as the deployment did."""
    score = np.array([HABIT[model][0] + HABIT[model][1] * hardness for model in MODELS])
    habit = np.exp(score) / np.exp(score).sum()
    return int(rng.choice(len(MODELS), p=(1 - EXPLORATION) * habit + EXPLORATION / len(MODELS)))


def rows(n=1200, seed=0):
    """Yield the rows of the log, by time."""
    rng = np.random.default_rng(seed)
    names, start = list(KINDS), datetime(2026, 3, 2, 8, tzinfo=UTC)
    seconds = np.sort(rng.integers(0, 28 * 86_400, n)).tolist()
    share = np.array([KINDS[name][0] for name in names])
    session = np.cumsum(rng.random(n) < 0.6).tolist()
    for i in range(n):
        _, hardness, good, length, templates = KINDS[str(rng.choice(names, p=share))]
        k = choose(rng, hardness)
        model, prompt = MODELS[k], ask(rng, templates)
        tokens = len(prompt) // 4 + 40, max(5, int(length * rng.lognormal(0.0, 0.4)))
        price = PRICES[model]
        thumb = "up" if rng.random() < good[k] else "down"
        yield {
            "time": (start + timedelta(seconds=seconds[i])).isoformat(),
            "session": f"s{session[i]:03d}",
            "prompt": prompt,
            "model": model,
            "thumbs": thumb if rng.random() < JUDGED else "",
            "prompt_tokens": tokens[0],
            "completion_tokens": tokens[1],
            "cost": f"{(tokens[0] * price[0] + tokens[1] * price[1]) / 1e6:.3g}",
            "latency": f"{0.3 + tokens[1] * SECONDS_PER_TOKEN[model] * rng.lognormal(0, 0.2):.2f}",
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", nargs="?", type=Path, default=PLACE)
    path = parser.parse_args().path
    with path.open("w", newline="", encoding="utf-8") as file:
        records = list(rows())
        writer = csv.DictWriter(file, list(records[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(records)


if __name__ == "__main__":
    main()
