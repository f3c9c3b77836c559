"""From a filter's text to its tree.

filter  = all { "or" all }
all     = one { [ "and" ] one }
one     = ( "not" | "!" | "-" ) one | "(" filter ")" | term | word
term    = field ":" value { "," value } | field ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
"""

from __future__ import annotations

from typing import Final

from socktrace.model.filters.fields import FIELDS, Field, Kind
from socktrace.model.filters.nodes import (
    Compare,
    Filter,
    Match,
    Not,
    Value,
    Word,
    conjunction,
    disjunction,
)
from socktrace.model.filters.numbers import Span
from socktrace.model.filters.scanner import VALUE_END, WORD_END, Piece, Scanner
from socktrace.model.filters.values import UserLookup, ValueProblem, nearest, read_value

_MAX_DEPTH: Final = 50
"""Deeper than anyone writes; without it a text of brackets would overflow Python's stack."""
_SYNTAX: Final = "write terms such as comm:nginx, joined by and, or, not"


class _Parser:
    def __init__(self, text: str, uid_of: UserLookup | None) -> None:
        self.scanner = Scanner(text)
        self.uid_of = uid_of
        self.depth = 0

    def whole(self) -> Filter:
        if not self.scanner.peek():
            raise self.scanner.error("it is empty", _SYNTAX)
        found = self.any_of()
        if self.scanner.peek():
            raise self.scanner.error("this bracket closes nothing", "take it away")
        return found

    def any_of(self) -> Filter:
        parts = [self.all_of()]
        while self.scanner.take_connective("or"):
            parts.append(self.all_of())
        return disjunction(parts)

    def all_of(self) -> Filter:
        parts = [self.one()]
        while self.scanner.take_connective("and") or self.goes_on():
            parts.append(self.one())
        return conjunction(parts)

    def goes_on(self) -> bool:
        """Two terms side by side mean both."""
        return self.scanner.peek() not in {"", ")"} and self.scanner.connective() != "or"

    def one(self) -> Filter:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.scanner.skip_space()
            raise self.scanner.error("it is nested too deeply", "say it with fewer brackets")
        try:
            return self.operand()
        finally:
            self.depth -= 1

    def operand(self) -> Filter:
        scanner = self.scanner
        if scanner.take_connective("not") or scanner.take("!") or scanner.take("-"):
            return Not(self.one())
        if scanner.peek() == "(":
            return self.group()
        if scanner.peek() in {"", ")"} or scanner.connective():
            raise scanner.error("a term is missing here", _SYNTAX)
        term = scanner.term()
        if term is not None:
            return self.term(*term)
        word = scanner.piece(WORD_END)
        if not word.pattern:
            raise scanner.error("there is nothing to look for here", _SYNTAX, word.position)
        return Word(word.pattern)

    def group(self) -> Filter:
        scanner = self.scanner
        opened = scanner.position
        scanner.take("(")
        inner = self.any_of()
        if not scanner.take(")"):
            raise scanner.error("this bracket is not closed", "end it with )", opened)
        return inner

    def term(self, name: str, operator: str, position: int) -> Filter:
        field = FIELDS.get(name)
        if field is None:
            near = nearest(name, FIELDS)
            hint = f"did you mean '{near}'? " if near else f"the fields are {', '.join(FIELDS)}. "
            hint += "Text with an operator in it goes in quotes"
            raise self.scanner.error(f"there is no field '{name}'", hint, position)
        if operator in {"<", "<=", ">", ">="}:
            return self.comparison(field, operator, position)
        values = [self.value(field)]
        while self.scanner.text[self.scanner.position :].lstrip().startswith(","):
            self.scanner.take(",")
            self.scanner.skip_space()
            values.append(self.value(field))
        match = Match(field.name, tuple(values))
        return Not(match) if operator == "!=" else match

    def value(self, field: Field) -> Value:
        piece = self.scanner.piece(VALUE_END)
        return _understood(self.scanner, field, piece, self.uid_of)

    def comparison(self, field: Field, operator: str, position: int) -> Filter:
        if field.kind is not Kind.NUMBER:
            reason = f"'{field.name}' is no number: {operator} means nothing for it"
            hint = f"write for example {field.examples[0]}"
            raise self.scanner.error(reason, hint, position)
        start = self.scanner.position
        value = self.value(field)
        if not isinstance(value, Span) or value.low != value.high:
            raise self.scanner.error(
                f"a range cannot be compared with {operator}", f"write {field.name}:low-high", start
            )
        return Compare(field.name, operator, value.low)


def _understood(scanner: Scanner, field: Field, piece: Piece, uid_of: UserLookup | None) -> Value:
    if not piece.pattern and not piece.quoted:
        hint = f"write for example {field.examples[0]}, without a space after the colon"
        raise scanner.error(f"'{field.name}' has no value", hint, piece.position)
    try:
        return read_value(field, piece.pattern, uid_of)
    except ValueProblem as problem:
        raise scanner.error(problem.reason, problem.hint, piece.position) from None


def parse(text: str, *, uid_of: UserLookup | None = None) -> Filter:
    """Understand a filter.

    Args:
        text: The filter, such as ``comm:nginx and state:close-wait and age>30s``.
        uid_of: Finds a user's number by name; without it users go by number only.

    Raises:
        FilterError: It makes no sense; the error shows where, and what to write instead.
    """
    return _Parser(text, uid_of).whole()


def option_match(name: str, texts: list[str], uid_of: UserLookup | None) -> Filter:
    """Make the match for a command-line option given one or more times.

    The shell has taken the option's text apart already: blanks and brackets are part of it, only
    a comma divides.
    """
    field = FIELDS[name]
    values: list[Value] = []
    for text in texts:
        shown = f"--{name} "
        scanner = Scanner(shown + text, len(shown))
        while True:
            values.append(_understood(scanner, field, scanner.piece(","), uid_of))
            if not scanner.take(","):
                break
            scanner.skip_space()
        if scanner.position < len(scanner.text):
            raise scanner.error("after a quoted value comes a comma or the end", "take it away")
    return Match(name, tuple(values))
