"""The usual names of what a table of answers holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from ._format import Record

# Of a latency, with what stands behind its name.
_UNITS = {
    **dict.fromkeys(("", "s", "sec", "secs", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millis", "milliseconds"), 1e-3),
}
LATENCIES = {
    name + unit: seconds
    for name in ("latency", "duration", "responsetime", "elapsed", "elapsedtime", "totaltime")
    for unit, seconds in _UNITS.items()
}
# The likeliest first, as `plain` has them: without regard to case, blanks and marks. Dots lead into
# objects, as requests and responses of the APIs of OpenAI and others are.
NAMES: dict[str, tuple[str, ...]] = {
    "query": (
        *("query", "userquery", "question", "userquestion", "prompt", "userprompt", "prompttext"),
        *("usermessage", "userinput", "messages", "input", "inputs", "inputtext", "instruction"),
        *("text", "message", "requestmessages", "request.messages", "request.input"),
        *("request.prompt", "request.body.messages", "request.body.input", "request.body.prompt"),
        *("body.messages", "body.input", "body.prompt", "request"),
    ),
    "model": (
        *("model", "modelname", "modelid", "modelslug", "modelused", "llm", "llmmodel", "llmname"),
        *("chosenmodel", "selectedmodel", "routedmodel", "engine", "deployment", "deploymentname"),
        *("modelgroup", "request.model", "request.body.model", "body.model", "response.model"),
        "response.body.model",
    ),
    "quality": (
        *("quality", "qualityscore", "score", "rating", "userrating", "stars", "thumbs", "thumb"),
        *("thumbsup", "feedback", "userfeedback", "feedbackscore", "userscore", "label", "grade"),
        *("reward", "correct", "iscorrect", "accuracy", "accepted", "liked", "passed", "verdict"),
        *("evalscore", "feedback.score", "feedback.rating", "feedback.value", "feedback.thumbs"),
        *("metadata.quality", "metadata.score", "metadata.rating", "metadata.feedback"),
        # Where nothing else is: else whether the call went well.
        *("success", "succeeded", "solved", "resolved"),
    ),
    "cost": (
        *("cost", "costusd", "usdcost", "totalcost", "totalcostusd", "responsecost", "requestcost"),
        *("spend", "dollars", "costdollars", "usd", "price", "priceusd", "usage.cost"),
        *("usage.totalcost", "response.usage.cost", "metadata.cost"),
    ),
    "input_tokens": (
        *("inputtokens", "prompttokens", "tokensin", "tokensinput", "tokensprompt"),
        *("inputtokencount", "prompttokencount", "ninputtokens", "nprompttokens"),
        *("numinputtokens", "numprompttokens", "usage.prompttokens", "usage.inputtokens"),
        *("usage.input", "usagemetadata.prompttokencount", "response.usage.prompttokens"),
        *("response.usage.inputtokens", "response.usagemetadata.prompttokencount"),
        *("response.body.usage.prompttokens", "response.body.usage.inputtokens"),
    ),
    "output_tokens": (
        *("outputtokens", "completiontokens", "tokensout", "tokensoutput", "tokenscompletion"),
        *("outputtokencount", "completiontokencount", "noutputtokens", "ncompletiontokens"),
        *("numoutputtokens", "numcompletiontokens", "usage.completiontokens", "usage.outputtokens"),
        *("usage.output", "usagemetadata.candidatestokencount", "response.usage.completiontokens"),
        *("response.usage.outputtokens", "response.usagemetadata.candidatestokencount"),
        *("response.body.usage.completiontokens", "response.body.usage.outputtokens"),
    ),
    "time": (
        *("time", "timestamp", "createdat", "created", "createdtime", "creationtime", "datetime"),
        *("date", "starttime", "startedat", "requesttime", "requestedat", "loggedat", "ts"),
        *("response.created", "response.createdat", "response.body.created"),
        "response.body.createdat",
    ),
    "latency": tuple(LATENCIES),
    "group": (
        *("group", "groupid", "session", "sessionid", "conversation", "conversationid", "thread"),
        *("threadid", "chatid", "dialogid", "traceid", "metadata.sessionid"),
        *("metadata.conversationid", "metadata.threadid"),
    ),
    "gold": ("gold", "isgold"),
    "prior": ("prior", "isprior"),
    "preference": ("preference", "judge", "judgescore", "judgelabel"),
    "propensity": ("propensity", "loggingpropensity", "actionprobability"),
    "weight": ("weight", "sampleweight"),
    "identity": (
        *("requestid", "callid", "generationid", "responseid", "uuid", "id", "response.id"),
        "customid",
    ),
    "status": ("status", "callstatus", "responsestatus"),
    "code": ("statuscode", "httpstatus", "httpstatuscode", "response.statuscode"),
    "success": ("success", "succeeded", "issuccess", "ok"),
    "error": (
        *("error", "error.message", "error.code", "errormessage", "errorcode", "errortype"),
        *("exception", "response.error", "response.error.message"),
    ),
    "failed": ("failed", "iserror", "haserror"),
    "cached": ("cachehit", "cached", "iscached", "fromcache", "cachestatus"),
}
# Objects that may stand as text in a CSV file.
BODIES = {name.partition(".")[0] for names in NAMES.values() for name in names if "." in name}
_DEEPEST = 4


def plain(name: str) -> str:
    """Return a name in lower case, without blanks and marks other than dots."""
    return re.sub(r"[^\w.]|_", "", name.lower()).strip(".")


def scalar_names(record: Record, depth: int = _DEEPEST) -> Iterator[str]:
    """Yield the names of what a record holds but for objects; of what they hold, dotted."""
    for name, value in record.items():
        if not isinstance(value, Mapping):
            yield str(name)
        elif depth > 1:
            yield from (f"{name}.{inner}" for inner in scalar_names(value, depth - 1))


@lru_cache(maxsize=1024)
def places(names: tuple[str, ...]) -> dict[str, str]:
    """Return which of the names of a record holds what, by the keys of `NAMES`."""
    by_plain: dict[str, str] = {}
    for name in names:
        by_plain.setdefault(plain(name), name)
    return {
        field: by_plain[next(name for name in usual if name in by_plain)]
        for field, usual in NAMES.items()
        if not by_plain.keys().isdisjoint(usual)
    }
