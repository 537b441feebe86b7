"""Logs of deployments, in the formats that gateways and tracers write."""

from ._answer import LeftOut
from ._log import RoutingLog
from ._messages import query_of
from ._names import find_spellings
from ._options import as_flags
from ._read import read_log
from ._records import is_parquet, read_records, records_of_file
from ._requests import KIND, QUALITY, REQUEST, encode_embedding
from ._source import check_exists, errors_naming
