import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geoapp.ui.markup import plain

HOSTILE = [
    "![x](http://host/y.png)",
    "[x](javascript:alert(1))",
    "<img src=//host onerror=alert(1)>",
    "<https://host>",
    "`code` $x^2$ :material/delete: :red[x]",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "a | b\n--- | ---\n1 | 2",
    "*a* _b_ ~~c~~",
    "\\*a\\*",
    "    indented",
    "&lt;b&gt; &copy;",
    "line\n\n# next",
    "[x]: http://host",
    "---",
]


def rendered(text: str) -> str:
    parser = pytest.importorskip("markdown_it").MarkdownIt("commonmark")
    return str(parser.enable(["table", "strikethrough"]).render(plain(text))).strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_shows_the_text_as_it_is(text: str) -> None:
    html = rendered(text)
    assert html.startswith("<p>")
    assert re.findall(r"<[^>]+>", html) == ["<p>", "</p>"]
    assert unescape(html[3:-4]) == " ".join(text.split())


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C"]), max_size=20))
def test_no_mark_is_left_unescaped(text: str) -> None:
    escaped = plain(text)
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped) == " ".join(text.split())
    bare = re.sub(r"\\[!-/:-@\[-`{-~]", "", escaped)
    assert not re.search(r"[!-/:-@\[-`{-~]", bare)
