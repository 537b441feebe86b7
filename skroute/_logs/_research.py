"""Tables of research on routing: RouterBench, SPROUT and RouteLLM."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ._answer import Answer, Label, LeftOut
from ._fields import Sourced, each_answer
from ._format import Format, Record
from ._messages import query_of
from ._values import is_nothing, leaves, mapping, number, sequence, text, truth

_COST, _RESPONSE = "|total_cost", "_response"
_TOKENS = ("num_input_tokens", "num_output_tokens")
# What is no answer of a model, and texts.
_NO_MODELS = {"oracle"}
_BODIES = {"prompt", "question", "golden_answer", "instruction", "user_prompt", "judgment"}
_WINNERS = {
    "model_a": (1.0, 0.0),
    "model_b": (0.0, 1.0),
    "tie": (0.5, 0.5),
    "tie (bothbad)": (0.5, 0.5),
}
_WINNER_COLUMNS = ("winner_model_a", "winner_model_b", "winner_tie")
_JUDGEMENT = {"question_id", "model", "judge", "score"}
_ASKED = re.compile(r"### User:\n(.*?)\n\n### Assistant", re.DOTALL)


def _answers_by_query(
    answers_to: Callable[[Record, str], Iterable[Sourced]],
) -> Callable[[Iterable[Record], LeftOut, Mapping[str, str]], Iterator[Answer]]:
    """Return the `answers` of a format whose every record is a query, `answers_to` it by a name."""

    def answers(
        records: Iterable[Record], left_out: LeftOut, columns: Mapping[str, str]
    ) -> Iterator[Answer]:
        position = -1

        def answers_of(record: Record) -> Iterator[Sourced]:
            nonlocal position
            position += 1
            any_answer = False
            for sourced in answers_to(record, str(position)):
                any_answer = True
                yield sourced
            if not any_answer:
                left_out("queries without answers")

        return each_answer(records, left_out, columns, answers_of)

    return answers


def _prompt(value: Any) -> str | None:
    """Return a prompt, which may be the text of a list of its parts."""
    return query_of(sequence(value) or value)


def _further(record: Record, *taken: Iterable[str]) -> dict[str, Any]:
    """Return the columns that describe a query: neither texts nor what is of one model alone."""
    skip = _BODIES.union(*taken)
    return {name: value for name, value in leaves(record, skip) if "|" not in name}


# RouterBench: a column of scores and one of costs for each model.


def _routerbench_models(record: Record) -> list[str]:
    models = [name.removesuffix(_COST) for name in record if name.endswith(_COST)]
    return [model for model in models if model in record and model not in _NO_MODELS]


def _is_routerbench(record: Record) -> bool:
    return "prompt" in record and bool(_routerbench_models(record))


def _routerbench_answers(record: Record, query: str) -> Iterator[Sourced]:
    models = _routerbench_models(record)
    prompt, further = _prompt(record.get("prompt")), _further(record, models)
    for model in models:
        cost = record[model + _COST]
        yield (
            Answer(
                model,
                prompt,
                _labels(record[model], gold=True),
                cost=number(cost, model + _COST),
                group=query,
                columns=further,
            ),
            {**record, "score": record[model], "total_cost": cost},
        )


# SPROUT: an object for each model, with its score and its tokens.


def _sprout_results(record: Record) -> dict[str, Mapping[str, Any]]:
    results = {name: mapping(value) for name, value in record.items()}
    return {
        name: result
        for name, result in results.items()
        if "score" in result and any(count in result for count in _TOKENS)
    }


def _is_sprout(record: Record) -> bool:
    return "prompt" in record and len(_sprout_results(record)) >= 2


def _sprout_answers(record: Record, query: str) -> Iterator[Sourced]:
    results = _sprout_results(record)
    prompt, further = _prompt(record.get("prompt")), _further(record, results)
    for model, result in results.items():
        tokens_in, tokens_out = (number(result.get(name), f"{model}.{name}") for name in _TOKENS)
        yield (
            Answer(
                model,
                prompt,
                _labels(result["score"], gold=None),
                input_tokens=tokens_in,
                output_tokens=tokens_out,
                group=query,
                columns=further,
            ),
            {**record, **result},
        )


# RouteLLM: right or wrong by model, battles of two models, or judgements of one.


def _right_or_wrong(record: Record) -> dict[str, bool]:
    """Return which models were right, where all columns but the prompt and answers tell that."""
    found = {}
    for name, value in record.items():
        is_response = name.endswith(_RESPONSE) and name.removesuffix(_RESPONSE) in record
        if name == "prompt" or is_response:
            continue
        if str(value).lower() not in ("true", "false"):
            return {}
        found[name] = str(value).lower() == "true"
    return found if len(found) >= 2 else {}


def _outcomes(record: Record) -> tuple[float, float] | None:
    """Return what each side of a battle got, None where the record does not say."""
    winner = text(record.get("winner"))
    if winner is None:
        won = [truth(record.get(name), name) for name in _WINNER_COLUMNS]
        winner = next((side for side, is_it in zip(_WINNERS, won, strict=False) if is_it), None)
    return _WINNERS.get((winner or "").lower())


def _is_battle(record: Record) -> bool:
    return {"model_a", "model_b"} <= record.keys() and (
        "winner" in record or record.keys() >= set(_WINNER_COLUMNS)
    )


def _is_routellm(record: Record) -> bool:
    return (
        _is_battle(record)
        or record.keys() >= _JUDGEMENT
        or ("prompt" in record and bool(_right_or_wrong(record)))
    )


def _routellm_answers(record: Record, query: str) -> Iterator[Sourced]:
    if _is_battle(record):
        sides = ("model_a", "model_b")
        for side, outcome in zip(sides, _outcomes(record) or (), strict=False):
            yield _won(record, query, side, outcome), record
    elif record.keys() >= _JUDGEMENT:
        yield _judged(record), record
    else:
        results = _right_or_wrong(record)
        prompt = _prompt(record.get("prompt"))
        for model, is_right in results.items():
            labels = _labels(is_right, gold=True)
            yield Answer(model, prompt, labels, group=query), {**record, "score": is_right}


def _won(record: Record, query: str, side: str, outcome: float) -> Answer:
    asked = next((record[name] for name in ("prompt", "question") if record.get(name)), None)
    if asked is None:
        asked = record.get("conversation_a")
    turns = sequence(asked)
    if turns and all(isinstance(turn, str) for turn in turns):
        # Who answers was drawn before the first turn.
        asked = turns[0]
    bodies = ("conversation_a", "conversation_b", "response_a", "response_b", "winner")
    return Answer(
        text(record[side]) or "",
        query_of(asked),
        (Label("win", outcome, gold=False),),
        group=query,
        columns=_further(record, bodies, _WINNER_COLUMNS, ("model_a", "model_b")),
    )


def _judged(record: Record) -> Answer:
    """Return the answer that a judgement of MT-Bench is about; the judge was shown the query."""
    asked = _ASKED.findall(text(record.get("user_prompt")) or "")
    score = record["score"]
    failed = is_nothing(score) or number(score, "score") < 0
    return Answer(
        text(record["model"]) or "",
        query_of(asked[-1]) if asked else None,
        () if failed else _labels(score, gold=False),
        group=text(record["question_id"]),
        columns=_further(record, ("model", "score")),
    )


def _labels(score: Any, gold: bool | None) -> tuple[Label, ...]:
    return () if text(score) is None else (Label("score", score, gold),)


ROUTERBENCH = Format(
    "routerbench", _is_routerbench, _answers_by_query(_routerbench_answers), full=True
)
SPROUT = Format("sprout", _is_sprout, _answers_by_query(_sprout_answers), full=True)
ROUTELLM = Format("routellm", _is_routellm, _answers_by_query(_routellm_answers), full=True)
