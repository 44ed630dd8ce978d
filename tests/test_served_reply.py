"""Served replies out of form and addresses that are refused; `test_served.py` asks a server."""

import pytest

from scoring.protocol import ScorerUnavailable
from scoring.scorers.videoscore2.served.client import Client
from scoring.scorers.videoscore2.served.reply import read_reply


def test_half_a_surrogate_pair_in_an_answer_is_no_bug():
    reply = read_reply({"choices": [{"message": {"content": "\ud83c 4"}}]}, set())
    assert reply.tokens == (b"? 4",)


def test_a_password_in_an_address_is_refused_and_not_repeated():
    with pytest.raises(ScorerUnavailable, match="VIDEOSCORE2_SERVER_KEY") as refused:
        Client(["http://user:secret@gpu:8000/v1"], key="", at_once=1)
    assert "secret" not in str(refused.value)
