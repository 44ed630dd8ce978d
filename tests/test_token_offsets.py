"""Which token holds which character: exact for every cut of the bytes, and each byte decoded once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.token_offsets import decode_tokens


def test_a_digit_is_found_inside_a_token_of_several_characters():
    tokens = [b"visual", b" quality", b": 4", b";\n", b"", b"text"]
    read = decode_tokens(tokens)
    assert read.text == "visual quality: 4;\ntext"
    assert read.token_at(read.text.index("4")) == 2
    assert read.token_at(read.text.index("text")) == 5  # not the special token before it
    assert [read.token_at(offset) for offset in range(len(read.text))] == [0] * 6 + [1] * 8 + [2] * 3 + [3] * 2 + [
        5
    ] * 4


def test_a_character_spread_over_tokens_belongs_to_the_one_that_completes_it():
    tokens = [b"a\xe8", b"\xa7", b"\x86b", b" \xe2\x80", b"\x93 4"]  # 视 over three tokens, an en dash over two
    read = decode_tokens(tokens)
    assert read.text == "a视b – 4"
    assert [read.token_at(offset) for offset in range(7)] == [0, 2, 2, 3, 4, 4, 4]


def test_bad_bytes_become_one_sign_and_a_cut_end_counts_to_the_last_token():
    read = decode_tokens([b"\xff", b"4\xe8", b"\xa7"])
    assert read.text == "\ufffd4\ufffd"
    assert [read.token_at(offset) for offset in range(3)] == [0, 1, 2]


def test_there_is_no_token_outside_the_text():
    read = decode_tokens([b"ab", b""])
    for offset in (-1, 2):
        with pytest.raises(IndexError, match=f"none at {offset}"):
            read.token_at(offset)
    assert decode_tokens([]).text == ""


@given(
    st.lists(
        st.one_of(st.binary(max_size=5), st.text(max_size=3).map(lambda text: text.encode("utf-8", "replace")))
    )
)
def test_any_tokens_decode_as_their_bytes_do_at_once(tokens):
    read = decode_tokens(tokens)
    assert read.text == b"".join(tokens).decode("utf-8", "replace")


@given(st.text(min_size=1, max_size=40).map(lambda text: text.encode("utf-8", "replace")), st.data())
def test_each_token_is_where_decoding_the_growing_text_would_find_it(encoded, data):
    """The reference is the slow way: the first prefix of tokens whose text, less an unfinished character, is long enough."""
    cuts = sorted(data.draw(st.sets(st.integers(1, len(encoded)))) | {len(encoded)})
    tokens = [encoded[start:stop] for start, stop in zip([0, *cuts], cuts, strict=False)]
    read = decode_tokens(tokens)
    for offset in range(len(read.text)):
        grown = next(
            index for index in range(len(tokens)) if len(encoded[: cuts[index]].decode("utf-8", "ignore")) > offset
        )
        assert read.token_at(offset) == grown


@pytest.mark.parametrize("count", [1_000, 16_000])
def test_each_byte_is_decoded_once(count, monkeypatch):
    """Work grows with the bytes: the decoder is handed each of them exactly once, however many tokens there are."""
    import codecs

    handed = []
    real = codecs.getincrementaldecoder("utf-8")

    class Counting(real):
        def decode(self, input, final=False):
            handed.append(len(input))
            return super().decode(input, final)

    monkeypatch.setattr(codecs, "getincrementaldecoder", lambda encoding: Counting)
    read = decode_tokens([b" 4", b"\xe2\x80", b"\x93"] * count)
    assert len(read.text) == 3 * count
    assert (len(handed), sum(handed)) == (3 * count, 5 * count)
