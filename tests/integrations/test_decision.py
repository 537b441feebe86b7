"""Names of models as gateways and routers spell them."""

import pytest

from skroute.integrations._decision import label_of

LABELS = ["gpt-4o", "openai/gpt-4.1", "azure/gpt-5", "openai/gpt-5", "azure/o3", 7]


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("gpt-4o", "gpt-4o"),
        ("openai/gpt-4o", "gpt-4o"),
        ("gpt-4.1", "openai/gpt-4.1"),
        ("openai/gpt-5", "openai/gpt-5"),
        ("7", 7),
        # Two providers' models, or a name that two share, are nobody's.
        ("gpt-5", None),
        ("openai/o3", None),
        ("gpt-4", None),
    ],
)
def test_a_name_leads_to_one_label_or_none(name, label):
    assert label_of(name, LABELS) == label
