"""A byte-level tokenizer of Qwen2.5-VL's make with a small vocabulary.

Same normalisation, same splitting expression, same special tokens: digits stand alone, ": 4" is three tokens, and
any text comes back as it was (up to Unicode's NFC, as with the real one).
"""

from collections.abc import Iterator
from random import Random

from tokenizers import (
    AddedToken,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import Qwen2TokenizerFast

from scoring.scorers.videoscore2.stand_in.answers import COLOURS, PLAIN, Facts, answer
from scoring.scorers.videoscore2.stand_in.questions import colour_to_ask, prompt, question

VOCABULARY = 640
END, PADDING = "<|im_end|>", "<|endoftext|>"
SPECIAL = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>",
    "<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
CHAT_TEMPLATE = (
    "{% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}"
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n{% else %}"
    "{% for content in message['content'] %}"
    "{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
    "{% set image_count.value = image_count.value + 1 %}"
    "{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif content['type'] == 'video' or 'video' in content %}"
    "{% set video_count.value = video_count.value + 1 %}"
    "{% if add_vision_id %}Video {{ video_count.value }}: {% endif %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def texts(count: int, rng: Random) -> Iterator[str]:
    """Answers of every kind, each question's prompt, and the question itself now and then."""
    for n in range(count):
        seen = rng.choice((*COLOURS, PLAIN))
        asked = colour_to_ask(seen, rng)
        yield answer(Facts(rng.uniform(10, 200), rng.uniform(0, 40), seen, asked), rng)
        yield question(prompt(asked, rng), rng) if n % 4 == 0 else prompt(asked, rng)


def make_tokenizer(seed: int) -> Qwen2TokenizerFast:
    """Learn `VOCABULARY` tokens from the texts above and wrap them as the real model's class."""
    inner = Tokenizer(models.BPE())
    inner.normalizer = normalizers.NFC()
    inner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    inner.decoder = decoders.ByteLevel()
    inner.post_processor = processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(SPECIAL),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    inner.train_from_iterator(texts(2000, Random(seed)), trainer)  # noqa: S311
    inner.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in SPECIAL])
    return Qwen2TokenizerFast(
        tokenizer_object=inner,
        eos_token=END,
        pad_token=PADDING,
        additional_special_tokens=list(SPECIAL[1:]),
        model_max_length=131072,
        clean_up_tokenization_spaces=False,
        add_bos_token=False,
        split_special_tokens=False,
        errors="replace",
        padding_side="right",
    )
