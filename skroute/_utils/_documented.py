"""Where the documentation is."""

from typing import ClassVar

DOCUMENTATION = "https://pypi.org/project/scikit-route/"


class DocumentedMixin:
    """Mixin of estimators: notebooks link their diagrams to the documentation.

    It stands before `BaseEstimator` in the list of bases. The names of the attributes are those
    that scikit-learn's diagrams ask for.
    """

    _doc_link_module: ClassVar[str] = "skroute"
    _doc_link_template: ClassVar[str] = DOCUMENTATION
