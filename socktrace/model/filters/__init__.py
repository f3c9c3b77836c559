"""The filter language: the same on the command line, in the live view and in an export.

``comm:nginx and state:close-wait and age>30s``
"""

from __future__ import annotations

from socktrace.model.filters.completion import complete
from socktrace.model.filters.errors import FilterError
from socktrace.model.filters.fields import Field, fields
from socktrace.model.filters.match import Predicate, matches, predicate
from socktrace.model.filters.nodes import Filter
from socktrace.model.filters.options import from_options
from socktrace.model.filters.parser import parse
from socktrace.model.filters.subject import Processes, ProcessFacts, Subject
from socktrace.model.filters.values import UserLookup

__all__ = [
    "Field",
    "Filter",
    "FilterError",
    "Predicate",
    "ProcessFacts",
    "Processes",
    "Subject",
    "UserLookup",
    "complete",
    "fields",
    "from_options",
    "matches",
    "parse",
    "predicate",
]
