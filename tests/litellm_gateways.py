"""Routers of LiteLLM that answer by themselves: no request leaves the machine."""

import asyncio
import os
import time
import warnings

import numpy as np
import pytest

# Else it is fetched from the network.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of what it imports
    litellm = pytest.importorskip("litellm")

MODELS = ["openai/gpt-4.1", "openai/gpt-4o", "openai/gpt-4o-mini"]
BEST = "openai/gpt-4o"
TOPICS = {"openai/gpt-4.1": "sums", "openai/gpt-4o": "poems", "openai/gpt-4o-mini": "small talk"}
DOWN = "litellm.InternalServerError"


def texts(n, seed=0):
    rng = np.random.default_rng(seed)
    topics = rng.choice(list(TOPICS.values()), n)
    return [f"{topic} {topic} {place % 7}" for place, topic in enumerate(topics)]


def quality_of(model, text):
    """The model of a topic is good at it, the best one at all of them."""
    return 0.9 if text.startswith(TOPICS[model]) else 0.6 if model == BEST else 0.2


def deployments(down=(), models=MODELS, group="auto"):
    """Deployments that answer with their names, but for those that are down."""
    return [
        {
            "model_name": group,
            "litellm_params": {
                "model": model,
                "api_key": "none",
                "mock_response": DOWN if model in down else model,
            },
        }
        for model in models
    ]


def gateway(down=(), models=MODELS, group="auto", **options):
    """A Router of such deployments."""
    return litellm.Router(model_list=deployments(down, models, group), **options)


def ask(router, queries, model="auto", **options):
    """Return the answers to queries, asked ten at a time; all have been logged by then."""

    async def one(text):
        messages = [{"role": "user", "content": text}]
        return await router.acompletion(model, messages=messages, **options)

    async def all_of_them():
        answers = []
        for start in range(0, len(queries), 10):
            answers += await asyncio.gather(*map(one, queries[start : start + 10]))
        await settle()
        return answers

    return asyncio.run(all_of_them())


def ask_in_turn(router, queries, model="auto"):
    """Return the answers to queries, each asked when the one before has been logged."""

    async def all_of_them():
        answers = []
        for text in queries:
            messages = [{"role": "user", "content": text}]
            answers.append(await router.acompletion(model, messages=messages))
            await settle(0.0)
        await settle()
        return answers

    return asyncio.run(all_of_them())


async def settle(seconds=0.05):
    """Wait for callbacks, which come after their answers."""
    from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

    await GLOBAL_LOGGING_WORKER.flush()
    await asyncio.sleep(seconds)


def chosen_by(answers):
    return np.array([answer.choices[0].message.content for answer in answers])


def wait_until(condition):
    ends = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.01)
