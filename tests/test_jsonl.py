"""JSON Lines: lines are rows, and all of them parse back."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets_app.releases.jsonl import dump_line, read_lines

ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=40)  # surrogates too
AWKWARD = st.sampled_from(
    ["\u2028", "\u2029", "\u0085", "\0", "\ud800", "\udc00\ud800", "\r\n", "\x1c", "\ufeff", '"']
)
ROWS = st.lists(st.dictionaries(ANY_TEXT | AWKWARD, ANY_TEXT | AWKWARD | st.integers() | st.none()), max_size=8)


@given(ROWS)
def test_lines_are_rows_and_parse_back(rows):
    written = b"".join(dump_line(row) for row in rows)
    text = written.decode()  # strict UTF-8
    assert len(text.splitlines()) == len(rows)
    assert [number for number, _ in read_lines(io.BytesIO(written))] == list(range(1, len(rows) + 1))
    for row, (_, value) in zip(rows, read_lines(io.BytesIO(written)), strict=True):
        if is_text(json.dumps(row, ensure_ascii=False)):
            assert value == row
        else:
            assert value.keys() == json.loads(dump_line(row)).keys()


def is_text(text):
    return not any("\ud800" <= character <= "\udfff" for character in text)


def test_half_a_surrogate_pair_becomes_the_replacement_character_and_a_whole_pair_its_letter():
    assert json.loads(dump_line({"a": "x\ud83dy"})) == {"a": "x\ufffdy"}
    assert json.loads(dump_line({"a": "\ud83d\ude00"})) == {"a": "😀"}


def test_chinese_stays_readable_and_line_separators_are_escaped():
    assert dump_line({"a": "画面模糊\u2028"}) == '{"a": "画面模糊\\u2028"}\n'.encode()


def test_what_json_cannot_say_is_refused():
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump_line({"a": float("nan")})


def test_an_unreadable_line_is_reported_in_its_place_and_the_rest_is_read():
    lines = list(read_lines(io.BytesIO('\ufeff{"a": 1}\n\nnonsense\n{"a": 2}'.encode())))
    assert [number for number, _ in lines] == [1, 3, 4]
    assert lines[0][1] == {"a": 1}
    assert isinstance(lines[1][1], ValueError)
    assert lines[2][1] == {"a": 2}
