"""HTML and SVG that cannot be broken by a text: what is no `Html` is escaped where it is put in."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Final

from bench.printed import printable

MOST_CHARACTERS: Final = 400
"""Of one text: names and reasons come from the trace, and are as long as a stranger likes."""

_MOST_OF_PROSE: Final = 1500


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


def clipped(text: str, most: int = MOST_CHARACTERS) -> str:
    """`text` without control characters, and with an ellipsis for what is beyond `most` characters."""
    text = printable(text[: most + 1])
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def escaped(content: str) -> Html:
    """`content` as markup."""
    return content if isinstance(content, Html) else Html(escape(clipped(content)))


def prose(text: str) -> Html:
    """Sentences of ours, which are longer than a name and may hold one."""
    return Html(escape(clipped(text, _MOST_OF_PROSE)))


def join(parts: Iterable[str], between: str = "") -> Html:
    """All parts as one."""
    return Html(between.join(map(escaped, parts)))


def tag(name: str, *content: str, **attributes: str | float | None) -> Html:
    """An element with its end tag. `class_` and `for_` stand for the words that Python keeps; _ becomes -."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{given}>{''.join(map(escaped, content))}</{name}>")


def _value(value: str | float) -> str:
    return value if isinstance(value, Html) else escape(clipped(str(value)))


def breakable(name: str) -> Html:
    """A dotted name that may be broken behind its dots and underscores."""
    return Html(escaped(name).replace(".", ".<wbr>").replace("_", "_<wbr>"))


def table(
    head: Iterable[str], rows: Iterable[Iterable[str]], *, caption: str, numbers: Iterable[int] = (), wide: str = ""
) -> Html:
    """A table whose first column heads its rows; `numbers` are the columns that stand flush right."""
    right = frozenset(numbers)
    classes = ["num" if index in right else None for index in range(64)]
    heads = (tag("th", cell, scope="col", class_=classes[index]) for index, cell in enumerate(head))
    body = []
    for row in rows:
        first, *others = row
        cells = [tag("th", first, scope="row")]
        cells += [tag("td", cell, class_=classes[index]) for index, cell in enumerate(others, start=1)]
        body.append(tag("tr", *cells))
    parts = (tag("caption", caption), tag("thead", tag("tr", *heads)), tag("tbody", *body))
    return tag("div", tag("table", *parts, class_=wide or None), class_="scroll")
