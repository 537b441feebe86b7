"""A router behind an API of your own: `uvicorn serve_fastapi:app`, with fastapi and httpx."""

import os
import time

import httpx
from fastapi import FastAPI, Header, HTTPException

from skroute.integrations import ServedRouter

# Dollars per token, in and out, of the models that an API like OpenAI's has.
PRICES = {"small": (1.5e-7, 6e-7), "large": (2.5e-6, 1e-5)}
served = ServedRouter("router.joblib", fallback="large", log="log", exploration=0.05)
key = {"Authorization": f"Bearer {os.environ['API_KEY']}"}
upstream = httpx.Client(base_url=os.environ["API_URL"], headers=key, timeout=60)
app = FastAPI()


@app.post("/chat/completions")
def complete(body: dict, session_id: str | None = Header(None)) -> dict:
    """Answer by the model that is chosen; where it fails, by another one."""
    up = list(PRICES)
    while up:
        query = body["messages"][-1]["content"]
        decision = served.choose(query, available=up, session=session_id)
        started = time.monotonic()
        try:
            asked = {**body, "model": decision.model}
            answer = upstream.post("chat/completions", json=asked).raise_for_status().json()
        except httpx.HTTPError:
            up.remove(decision.model)
            continue
        tokens = answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]
        served.answered(
            decision,
            request_id=answer["id"],
            cost=sum(n * price for n, price in zip(tokens, PRICES[decision.model], strict=True)),
            input_tokens=tokens[0],
            output_tokens=tokens[1],
            latency=time.monotonic() - started,
        )
        return answer
    raise HTTPException(502, "no model answers")


@app.post("/thumbs/{request_id}")
def judge(request_id: str, up: bool) -> None:
    """Take what a user thinks of an answer."""
    served.log.attach_quality(request_id, up, source="thumbs")
