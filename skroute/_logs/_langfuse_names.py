"""Names of fields in exports of Langfuse: snake case, or camel case of the same."""

from __future__ import annotations

from ._format import Record

# What only observations have; what marks a trace.
OF_OBSERVATIONS = {
    *("provided_model_name", "parent_observation_id", "usage_details", "cost_details"),
    "calculated_total_cost",
}
OF_TRACES = {"bookmarked", "html_path"}

# What is counted, priced or timed, which an answer holds under names of its own.
_MEASURED = {
    *("start_time", "end_time", "completion_start_time", "created_at", "updated_at", "timestamp"),
    *("latency", "latency_ms", "time_to_first_token", "time_to_first_token_ms"),
    *("usage", "usage_details", "provided_usage_details", "input_usage", "output_usage"),
    *("total_usage", "prompt_tokens", "completion_tokens", "total_tokens", "unit"),
    *("cost_details", "provided_cost_details", "total_cost", "input_cost", "output_cost"),
    *("calculated_total_cost", "calculated_input_cost", "calculated_output_cost"),
    *("input_price", "output_price", "total_price"),
}
_BODIES = {
    *("input", "output", "scores", "observations", "comments", "tool_calls", "tool_call_names"),
    "tool_definitions",
}
_OWN = {"id", "trace_id", "type", "level", "model", "provided_model_name", "session_id"}
_KEPT = {
    *("project_id", "parent_observation_id", "name", "trace_name", "user_id", "tags"),
    *("trace_tags", "trace_timestamp", "environment", "version", "release", "status_message"),
    *("metadata", "model_parameters", "model_id", "internal_model_id", "prompt_id"),
    *("prompt_name", "prompt_version", "usage_pricing_tier_id", "usage_pricing_tier_name"),
    *("bookmarked", "public", "is_root_observation", "html_path"),
}
_OF_SCORES = {
    *("observation_id", "dataset_run_id", "source", "data_type", "value", "string_value"),
    *("author_user_id", "config_id", "queue_id", "comment", "subject"),
}
FIELDS = _MEASURED | _BODIES | _OWN | _KEPT | _OF_SCORES

# What does not go into columns: a tracer repeats the messages in attributes of its own.
NOT_COLUMNS = {
    *(_MEASURED | _BODIES | _OWN),
    *("metadata.attributes", "metadata.resourceAttributes", "metadata.scope"),
}


def _camel_cased(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


_SNAKE = {_camel_cased(name): name for name in FIELDS}


def snake_cased(record: Record) -> dict[str, object]:
    """Return a record with the fields of Langfuse in snake case, and all others as they are."""
    return {_SNAKE.get(name, name): value for name, value in record.items()}
