"""What can be told from a reason's words alone: whether there are any, and whether they stand elsewhere too.

Pure text, no models, any language: where a script has no spaces between words, each character counts as one.
"""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from annotation.time_marks import TIME_MARK, moments_in

Words = tuple[str, ...]
Threes = set[tuple[str, ...]]

MOST = 2_000  # characters of a text that are looked at
# Thai, Lao, Khmer, Myanmar, kana, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0dff"  # that belong to the letter before them
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}](?:[^\W_{_UNSPACED}]|[{_MARKS}]|['’](?=\w))*")
_ONE_CHARACTER = re.compile(rf"[{_UNSPACED}]")
_FILLER = """
    a alright all an and asdf asdfasdf at bad be comment comments cool decent dfgh done everything fghj fine good
    great hjkl i idk is it it's its just lol look looks me meh n na nice nil no none normal not nothing null of ok
    okay overall pretty quite qwer qwerty really reason same sdfg seems so tbd test testing that the think
    this to todo very video was well wow yeah yep yes zxcv
"""
_UNSPACED_FILLER = """
    不错 不好 测试 差 的 好 好的 很差 很好 还好 还可以 还行 可以 没有 嗯 挺好 同上 无描述 一般 一般般 良好 暂无
"""
_SAID_OF_ANYTHING = {*_FILLER.split(), *_UNSPACED_FILLER.split()}


def words_of(text: str) -> Words:
    """The words of the text's first `MOST` characters, in lower case, without punctuation."""
    return _all_words_of(text[:MOST])


def says_nothing(text: str) -> bool:
    """Whether the text is blank, or nothing but filler, numbers, repeated letters or time marks."""
    words = words_of(TIME_MARK.sub(" ", text))
    if _is_unspaced(words):
        return len(words) < 2 or "".join(words) in _SAID_OF_ANYTHING
    return all(word in _SAID_OF_ANYTHING or word.isdecimal() or len(set(word)) == 1 for word in words)


def is_long_enough_to_copy(text: str) -> bool:
    """Whether the text is so long that the same one about another video is no coincidence."""
    words = words_of(text)
    return len(words) >= (8 if _is_unspaced(words) else 5)


def copies(text: str, source: str, *, quoted: str = "") -> bool:
    """Whether half of the text or more stands in `source` word by word; what `quoted` says may be repeated."""
    words = words_of(text)
    run, least = (8, 12) if _is_unspaced(words) else (5, 7)
    shared = _runs(_all_words_of(source), run) - _runs(_all_words_of(quoted), run)
    copied: set[int] = set()
    for start in range(len(words) - run + 1):
        if words[start : start + run] in shared:
            copied.update(range(start, start + run))
    return len(copied) >= least and 2 * len(copied) >= len(words)


def are_nearly_the_same(one: str, other: str) -> bool:
    """Whether two reasons say the same but for a word or two. Other moments make another reason."""
    words, others = words_of(one), words_of(other)
    if not words or not 0.8 <= len(others) / len(words) <= 1.25:
        return False
    alike = words == others or _are_alike(_threes_of(one), _threes_of(other))
    return alike and moments_in(one) == moments_in(other)


def is_nearly_one_of(text: str, others: Collection[str]) -> bool:
    """The same of one reason and many, of which a glance is enough for nearly all."""
    own = _threes_of(text)
    return any(
        (own == theirs or _are_alike(own, theirs)) and are_nearly_the_same(text, other)
        for other, theirs in zip(others, map(_threes_of, others), strict=True)
    )


def _are_alike(some: Threes, others: Threes) -> bool:
    """Whether they share three in four of all there are, of eight or more each."""
    shared = len(some & others)
    return min(len(some), len(others)) >= 8 and shared >= 0.75 * (len(some) + len(others) - shared)


@lru_cache(maxsize=4_096)
def _threes_of(text: str) -> Threes:
    return _runs(words_of(text), 3)


@lru_cache(maxsize=4_096)  # a rater's earlier reasons are compared with each new one
def _all_words_of(text: str) -> Words:
    return tuple(_WORD.findall(text.casefold().replace("’", "'")))


def _runs(words: Sequence[str], length: int) -> set[tuple[str, ...]]:
    return {tuple(words[start : start + length]) for start in range(len(words) - length + 1)}


def _is_unspaced(words: Words) -> bool:
    return sum(bool(_ONE_CHARACTER.match(word)) for word in words) * 2 > len(words)
