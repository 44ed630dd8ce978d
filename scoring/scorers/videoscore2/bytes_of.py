"""The bytes behind each token of a byte-level tokenizer, so that texts and steps can be counted alike."""

from typing import Any

from transformers.models.qwen2.tokenization_qwen2 import bytes_to_unicode


def bytes_of(tokenizer: Any) -> list[bytes]:
    """By token id: the UTF-8 bytes that it stands for, b"" for special tokens."""
    byte_of = {letter: byte for byte, letter in bytes_to_unicode().items()}
    special = set(tokenizer.all_special_ids)
    added = tokenizer.get_added_vocab().values()
    names = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    return [
        b""
        if token in special or name is None
        else name.encode()
        if token in added
        else bytes(byte_of[letter] for letter in name)
        for token, name in enumerate(names)
    ]
