"""Whether a reason's words and its score contradict each other. Pure text, a small lexicon, no models.

Cautious on purpose: English and Chinese only, nothing is said about a 3, and any word that weighs one thing
against another ("but", "slightly", "could", 但, 有点) ends the matter.
"""

import re

from annotation.wording import MOST

_DEFECT_NOUN = r"(?:defects?|art[ie]facts?|issues?|problems?|flaws?|glitch(?:es)?|errors?|faults?|distortions?)"
_FLAWLESS = re.compile(
    r"\b(?:perfect(?:ly)?|flawless(?:ly)?|impeccabl[ey]|excellent|outstanding)\b"
    rf"|\b(?:no|without|zero|free of)\s+(?:[\w/-]+\s+){{0,3}}?{_DEFECT_NOUN}\b"
    r"|\bnothing\s+(?:is\s+|looks\s+)?(?:wrong|odd|strange|amiss)\b"
    r"|完美|无可挑剔|(?:没有|无|未见|未发现|看不出)(?:任何|明显|什么|可见|的)*(?:问题|缺陷|瑕疵|异常|错误)"
)
_HOPELESS = re.compile(
    r"\b(?:unwatchable|unusable|incomprehensible|unrecogni[sz]able)\b"
    r"|\b(?:is|are|looks?|quality|resolution|motion|physics)\s+(?:just\s+)?(?:terrible|awful|horrible)\b"
    r"|\b(?:terrible|awful|horrible)\s+(?:quality|resolution|clarity|picture|image|motion|physics|video|clip)\b"
    r"|\b(?:completely|totally|entirely)\s+(?:wrong|unrelated|broken|missing|absent|different)\b"
    r"|极差|很差|非常差|太差|无法观看|看不下去|完全不符|完全错误|惨不忍睹|一塌糊涂"
)
_SEVERE = re.compile(
    r"\b(?:severe(?:ly)?|serious(?:ly)?|heav(?:y|ily)|extremely)\s+"
    r"(?:(?:motion|visual|local)\s+)?(?:blur\w*|flicker\w*|distort\w*|deform\w*|noisy?|art[ie]facts?|pixelat\w*|poor|"
    r"bad|low|unnatural|unstable|choppy|warp\w*|glitch\w*)"
    r"|\bvery\s+(?:poor|bad|blurry|low|unnatural|unstable|choppy|noisy)\b"
    r"|严重(?:的)?(?:模糊|扭曲|变形|闪烁|失真|卡顿|抖动|不符|不一致)|(?:模糊|扭曲|变形|闪烁|失真|卡顿|抖动)严重|非常模糊"
)
_BLAME = re.compile(
    r"\b(?:blur(?!b)\w*|flicker\w*|distort\w*|deform\w*|art[ie]facts?|pixelat\w*|choppy|jitter\w*|stutter\w*|glitch\w*"
    r"|low[- ](?:resolution|quality|frame ?rate|clarity)|poor(?:ly)?|bad(?:ly)?|unnatural(?:ly)?|unrealistic"
    r"|implausible|inconsistent|wrong|incorrect|mismatch\w*|unstable|missing)\b"
    r"|模糊|扭曲|变形|闪烁|卡顿|抖动|穿模|失真|崩坏|噪点|不稳定|不自然|不清晰|不平滑|不流畅|不合理|不符|帧率低|分辨率低|错误"
)
_PRAISE = re.compile(
    r"\b(?:clear(?:ly)?|sharp|smooth(?:ly)?|natural(?:ly)?|realistic|good|great|nice|correct(?:ly)?|accurate(?:ly)?"
    r"|believable|stable|steady|beautiful(?:ly)?|match(?:es)?|fits?|plausible)\b"
    r"|清晰|流畅|自然|稳定|符合|正确|完整|合理|逼真|高清|平滑"
)
# Any of these words, negated or not, and the reason is no plain praise.
_DEFECT = re.compile(
    _BLAME.pattern
    + rf"|\b{_DEFECT_NOUN}\b|\b(?:vanish|disappear|morph|warp|melt|float|jump|freez|froze|shak|extra|lack"
    r"|absent|abrupt|nois|grain|impossible|violat|fail|low|lacks?|strange|odd|weird|dark)\w*"
    r"|消失|突然|缺|少|多余|漂浮|看不|没有|低|差"
)
_NEGATOR = re.compile(
    r"\b(?:no|not|never|without|nothing|none|nobody|neither|nor|hardly|barely|cannot|lacks?|lacking|zero|free of"
    r"|far from|\w+n['’]t)\b|没|无|未|不|非(?!常)|缺乏"
)
_WEIGHED = re.compile(
    r"\b(?:but|however|though|although|yet|while|except|apart|despite|otherwise|mostly|almost|nearly|could|should"
    r"|would|if|too|instead|slight(?:ly)?|minor|tiny|small|a bit|a little|somewhat|sometimes|rather|partly)\b"
    r"|但|不过|然而|除了|虽|只是|有点|有些|略|稍|轻微|少许|一点|部分|局部|偶尔|基本"
)
_SENTENCE_END = re.compile(r"[.!?;:\n。！？；：，]+")


def is_at_odds(text: str, score: int, *, prompt: str = "") -> bool:
    """Whether this reason cannot go with this score, 1 to 5. What the prompt itself asks for is no defect."""
    text, prompt = text[:MOST].casefold(), prompt.casefold()
    if score == 3 or _WEIGHED.search(text):
        return False
    if score < 3:
        rest = _FLAWLESS.sub(" ", text)
        praised = bool(_said(_FLAWLESS, text)) or (score == 1 and len(_said(_PRAISE, text)) > 1)
        return praised and not _DEFECT.search(rest)
    blame = {word for word in _said(_BLAME, text) if word not in prompt}
    blamed = bool(_said(_HOPELESS, text)) or (score == 5 and (bool(_said(_SEVERE, text)) or len(blame) > 1))
    return blamed and not _FLAWLESS.search(text) and not _said(_PRAISE, text)


def _said(pattern: re.Pattern[str], text: str) -> set[str]:
    """What the text says of this without a negation before it in the same sentence."""
    found: set[str] = set()
    for sentence in _SENTENCE_END.split(text):
        negation = _NEGATOR.search(sentence)
        end = negation.start() if negation else len(sentence)
        found.update(match[0] for match in pattern.finditer(sentence) if match.start() <= end)
    return found
