"""What servers send that is out of form, beside `test_served.py`, which asks one."""

from scoring.scorers.videoscore2.served_reply import read_reply


def test_half_a_surrogate_pair_in_an_answer_is_no_bug():
    reply = read_reply({"choices": [{"message": {"content": "\ud83c 4"}}]}, set())
    assert reply.tokens == (b"? 4",)
