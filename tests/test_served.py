"""VideoScore2 behind servers: the same numbers as on our own device, and every way in which a server fails."""

import re
import socket
import threading
import time
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import torch

from scoring.ask import score_batch
from scoring.protocol import OutdatedVersion, Question, ScorerUnavailable, VideoFault
from scoring.registry import load
from scoring.scorers.videoscore2.frames import sample_frames
from scoring.scorers.videoscore2.load import load_processor
from scoring.scorers.videoscore2.prompt import Prompter
from scoring.scorers.videoscore2.scorer import VideoScore2Scorer
from scoring.scorers.videoscore2.served import client as served_client
from scoring.scorers.videoscore2.served.client import Client
from scoring.scorers.videoscore2.served.reply import read_reply
from scoring.scorers.videoscore2.served.scorer import ServedScorer
from scoring.scorers.videoscore2.settings import SERVED_SETTINGS, SETTINGS
from scoring.scorers.videoscore2.stand_in import CHECKPOINT
from scoring.scorers.videoscore2.weights import identify
from tests import drawn
from tests.openai_server import NAME, Fault, Said, StandIn, running

PROMPT = "A red ball rolls over colourful ground"
ANSWER = "<think>It rolls.</think>\n(1) visual quality: {}\n(2) text-to-video alignment: 3\n(3) physical/common-sense consistency: 2"


# --- What the tests stand on -----------------------------------------------------------------------
@pytest.fixture(scope="session")
def clips(tmp_path_factory):
    """Three clips that differ in length, size and looks."""
    folder = tmp_path_factory.mktemp("clips")
    small = [picture[:96, :128] for picture in drawn.dark(drawn.draw_pictures(30))]
    return [
        drawn.write_clip(folder / "plain.mp4", drawn.draw_pictures(36)),
        drawn.write_clip(folder / "dark.mp4", small),
        drawn.write_clip(folder / "flicker.mp4", drawn.flicker_at(6, 12, 18)(drawn.draw_pictures(20))),
    ]


@pytest.fixture(scope="session")
def on_our_device(clips):
    """What our own backend says of the clips."""
    torch.set_num_threads(1)
    scorer = VideoScore2Scorer({**SETTINGS, **identify(str(CHECKPOINT))}, str(CHECKPOINT))
    return score_batch(scorer, [Question(clip, PROMPT) for clip in clips])


@pytest.fixture(scope="session")
def stand_in():
    return StandIn(str(CHECKPOINT))


@pytest.fixture(scope="session")
def processor():
    return load_processor(str(CHECKPOINT))


@pytest.fixture(scope="session")
def prompt_tokens(clips, processor):
    """What the prompt about the last clip takes, by the processor itself."""
    prompter = Prompter(processor, query="card", fps=2.0)
    return len(prompter.prepare("Ball 1", sample_frames(clips[2], 2.0)).input_ids)


@pytest.fixture
def answers(prompt_tokens):
    """An answerer that gives ball n the visual quality n, at once."""

    def answer(request):
        ball = int(re.search(r"Ball (\d)", request["messages"][0]["content"][1]["text"])[1])
        text = ANSWER.format(ball)[: request["max_tokens"]]
        return Said(text, [(letter, [(letter, -0.1)]) for letter in text], prompt_tokens)

    return answer


@pytest.fixture
def server(answers):
    with running(answers) as server:
        yield server


@pytest.fixture(autouse=True)
def _short_rests(monkeypatch):
    monkeypatch.setattr(served_client, "REST_SECONDS", 0.02)


@pytest.fixture
def scorer(settings, monkeypatch, processor):
    """Makes a scorer for these servers; its processor is loaded once for all tests, for their time."""
    monkeypatch.setattr("scoring.scorers.videoscore2.served.scorer.load_processor", lambda checkpoint: processor)

    def make(*servers, send="file", batch=0, key=""):
        settings.VIDEOSCORE2_CHECKPOINT = str(CHECKPOINT)
        settings.VIDEOSCORE2_SERVERS = [getattr(server, "address", server) for server in servers]
        settings.VIDEOSCORE2_SEND_VIDEO = send
        settings.VIDEOSCORE2_BATCH = batch
        settings.VIDEOSCORE2_SERVER_KEY = key
        return load("videoscore2-served", {**SERVED_SETTINGS, "served_model": NAME}, NAME)

    return make


@pytest.fixture
def nobody():
    """An address where nothing listens."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}/v1"


@pytest.fixture
def balls(clips):
    """Questions about balls 1 to 5."""
    return [Question(clips[2], f"Ball {n}") for n in range(1, 6)]


def scores(outcomes):
    return [
        str(outcome) if isinstance(outcome, VideoFault) else outcome.opinions["visual_quality"].hard_score
        for outcome in outcomes
    ]


# --- The same answers ------------------------------------------------------------------------------
def check_same(outcomes, expected):
    for outcome, ours in zip(outcomes, expected, strict=True):
        assert outcome.form in {"complete", "repaired"}
        assert (outcome.raw_text, outcome.saw, outcome.form) == (ours.raw_text, ours.saw, ours.form)
        for key, opinion in ours.opinions.items():
            theirs = outcome.opinions[key]
            assert theirs.hard_score == opinion.hard_score
            assert theirs.probabilities.of == pytest.approx(opinion.probabilities.of, abs=1e-4)
            assert theirs.probabilities.soft_score == pytest.approx(opinion.probabilities.soft_score, abs=1e-4)


@pytest.mark.parametrize("send", ["frames", "data", "file"])
def test_a_server_answers_as_our_own_device_does(scorer, stand_in, clips, on_our_device, send):
    with running(stand_in) as server:
        questions = [Question(clip, PROMPT) for clip in clips]
        check_same(score_batch(scorer(server, send=send), questions), on_our_device)


def test_a_server_fetches_videos_from_where_our_media_folder_is_served(
    scorer, stand_in, clips, on_our_device, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    (tmp_path / "a b").mkdir()
    clip = tmp_path / "a b" / "ü#1.mp4"
    clip.write_bytes(clips[2].read_bytes())
    media = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    threading.Thread(target=media.serve_forever, daemon=True).start()
    with running(stand_in) as server:
        asked = scorer(server, send=f"http://127.0.0.1:{media.server_port}/")
        outcomes = score_batch(asked, [Question(clip, PROMPT), Question(clips[0], PROMPT)])
    media.shutdown()
    media.server_close()
    check_same(outcomes[:1], on_our_device[2:])
    assert str(outcomes[1]) == "the file is not in the media folder, so no server can fetch it"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Nothing."""


def test_a_server_that_reports_raw_probabilities_gives_the_same_scores(scorer, stand_in, clips, on_our_device):
    """The repetition penalty shows: hence `--logprobs-mode processed_logprobs`."""
    stand_in.raw = True
    with running(stand_in) as server:
        (outcome,) = score_batch(scorer(server), [Question(clips[0], PROMPT)])
    stand_in.raw = False
    for key, ours in on_our_device[0].opinions.items():
        assert outcome.opinions[key].hard_score == ours.hard_score
    assert (
        outcome.opinions["visual_quality"].probabilities
        != on_our_device[0].opinions["visual_quality"].probabilities
    )


def test_samples_after_the_first_are_drawn_from_a_seed(scorer, server, clips):
    asked = scorer(server)
    score_batch(asked, [Question(clips[2], "Ball 1", sample) for sample in (0, 1, 2, 1)])
    draws = [(request["temperature"], request.get("seed")) for request in server.requests[1:]]
    assert draws.count((0.0, None)) == 1
    assert [temperature for temperature, _ in draws].count(0.7) == 3
    assert len(set(draws)) == 3


def test_a_request_says_how_far_frames_are_apart_to_loaders_and_processors_alike(scorer, server, balls):
    score_batch(scorer(server), balls)
    for request in server.requests:
        assert request["mm_processor_kwargs"] == {"fps": 2.0}
        assert request["media_io_kwargs"] == {"video": {"num_frames": -1, "fps": 2.0}}
        assert (request["logprobs"], request["top_logprobs"]) == (True, 20)
    assert [request["max_tokens"] for request in server.requests] == [1, *[1024] * 5]


def test_the_prompts_tokens_are_counted_as_the_processor_counts_them(scorer, server, clips, processor):
    prompter = Prompter(processor, query="card", fps=2.0)
    asked = scorer(server)
    for clip in clips:
        for prompt in (PROMPT, "一个男孩在公园里放风筝\n<|video_pad|> {prompt}"[:12], ""):
            inputs = prompter.prepare(prompt, sample_frames(clip, 2.0))
            assert asked.sample(Question(clip, prompt)).prompt_tokens == len(inputs.input_ids)


# --- Order and limits ------------------------------------------------------------------------------
def test_answers_keep_the_questions_order_and_requests_their_bound(scorer, answers, balls):
    def slowly(request):
        time.sleep(0.05)
        return answers(request)

    with running(slowly) as server:
        asked = scorer(server, batch=3)
        assert scores(score_batch(asked, balls * 3)) == [1, 2, 3, 4, 5] * 3
        assert server.most_at_once == asked.batch_size == 3
    assert scorer(server, server).batch_size == 64


def test_someone_reading_along_hears_every_answer(scorer, server, balls):
    told = {}
    score_batch(scorer(server), balls, heard=told.__setitem__)
    assert told == {at: ANSWER.format(at + 1) for at in range(5)}


def test_a_single_answer_is_heard_as_it_grows(scorer, stand_in, clips, on_our_device):
    told = []
    with running(stand_in) as server:
        asked = scorer(server)
        server.faults = [Fault(), Fault(cut=True)]
        outcomes = score_batch(asked, [Question(clips[0], PROMPT)], heard=lambda at, text: told.append(text))
        assert server.requests[-1]["stream"]
    check_same(outcomes, on_our_device[:1])
    assert len(told) > 20
    assert told[-1] == outcomes[0].raw_text
    assert all(outcomes[0].raw_text.startswith(text) for text in told)


def test_servers_share_the_work(scorer, answers, balls):
    def slowly(request):
        time.sleep(0.05)
        return answers(request)

    with running(slowly) as first, running(slowly) as second:
        assert scores(score_batch(scorer(first, second), balls * 4)) == [1, 2, 3, 4, 5] * 4
        assert min(len(first.requests), len(second.requests)) >= 8


# --- What goes wrong and right again ---------------------------------------------------------------
@pytest.mark.parametrize(
    "faults",
    [
        [Fault(503), Fault(503)],
        [Fault(502), Fault(504)],
        [Fault(drop=True)],
        [Fault(cut=True), Fault(cut=True)],
    ],
    ids=["503", "502 and 504", "dropped", "half an answer"],
)
def test_a_request_that_fails_is_sent_again(scorer, server, balls, faults):
    asked = scorer(server)
    score_batch(asked, balls)
    server.faults = faults
    assert scores(score_batch(asked, balls)) == [1, 2, 3, 4, 5]
    assert not server.faults


def test_a_server_that_is_still_starting_is_waited_for(scorer, server, balls):
    server.faults = [Fault(503), Fault(503)]
    assert scores(score_batch(scorer(server), balls)) == [1, 2, 3, 4, 5]


def test_a_busy_server_is_left_alone_for_as_long_as_it_says(scorer, server, balls):
    asked = scorer(server, batch=1)
    score_batch(asked, balls[:1])
    server.faults = [Fault(429, headers={"Retry-After": "0.4"})]
    started = time.monotonic()
    assert scores(score_batch(asked, balls[:1])) == [1]
    assert 0.4 <= time.monotonic() - started < 2


def test_where_one_server_is_down_the_other_answers(scorer, server, nobody, balls):
    assert scores(score_batch(scorer(nobody, server), balls)) == [1, 2, 3, 4, 5]


def test_a_server_that_goes_down_on_the_way_is_replaced(scorer, answers, server, balls):
    with running(answers) as second:
        asked = scorer(server, second)
        score_batch(asked, balls)
    assert scores(score_batch(asked, balls * 2)) == [1, 2, 3, 4, 5] * 2


def test_where_every_server_is_down_no_video_is_to_blame(scorer, server, nobody, balls):
    with pytest.raises(ScorerUnavailable, match=r"No server of VIDEOSCORE2_SERVERS answers.*cannot be reached"):
        score_batch(scorer(nobody), balls)
    asked = scorer(server)
    score_batch(asked, balls)
    server.faults = [Fault(503)] * 100
    with pytest.raises(ScorerUnavailable, match="answers 503: not now"):
        score_batch(asked, balls)


def test_what_was_answered_before_a_server_went_down_is_kept(scorer, server, balls):
    asked = scorer(server, batch=1)
    score_batch(asked, balls)
    server.faults = [Fault(503)] * 5
    first, *others = score_batch(asked, balls)
    assert scores(others) == [2, 3, 4, 5]
    assert not first.permanent
    assert "answers 503" in str(first)


def test_a_silent_server_costs_its_requests_no_more_than_their_time(scorer, server, balls, monkeypatch):
    monkeypatch.setattr("scoring.scorers.videoscore2.served.scorer.Client", partial(Client, seconds=0.5))
    asked = scorer(server)
    score_batch(asked, balls)
    server.faults = [Fault(silence=3)]
    started = time.monotonic()
    outcomes = score_batch(asked, balls)
    assert time.monotonic() - started < 2
    (fault,) = (outcome for outcome in outcomes if isinstance(outcome, VideoFault))
    assert not fault.permanent
    assert "no answer within" in str(fault)


# --- What is refused -------------------------------------------------------------------------------
def test_a_video_that_a_server_refuses_fails_alone_with_the_servers_words(scorer, server, balls):
    asked = scorer(server, batch=1)
    score_batch(asked, balls)
    server.faults = [Fault(400, "Could not load video: " + "x" * 5000), Fault(500, "engine stumbled")]
    first, second, *others = score_batch(asked, balls)
    assert str(first).startswith("the server answers 400: Could not load video: xxx")
    assert len(str(first)) < 400
    assert (first.permanent, second.permanent) == (True, False)
    assert scores(others) == [3, 4, 5]


def test_a_first_video_that_is_refused_does_not_stop_the_rest(scorer, server, balls):
    server.faults = [Fault(400)]
    assert scores(score_batch(scorer(server), balls)) == [1, 2, 3, 4, 5]


def test_a_server_that_refuses_everything_is_set_up_wrongly_unless_there_is_one_video(scorer, server, balls):
    asked = scorer(server)
    server.faults = [Fault(400, "Cannot load local files")] * 100
    with pytest.raises(ScorerUnavailable, match="Cannot load local files"):
        score_batch(asked, balls)
    assert scores(score_batch(asked, balls[:1])) == ["the server answers 400: Cannot load local files"]
    server.faults = []
    assert scores(score_batch(asked, balls)) == [1, 2, 3, 4, 5]


def test_a_prompt_of_other_length_is_never_scored(scorer, answers, balls):
    """As when a server looks at 32 frames: found before the first answer, or in any answer after it."""
    counted = iter([0, 0, 0, 7, 0])

    def sees_otherwise(request):
        said = answers(request)
        said.prompt_tokens += next(counted, 0)
        return said

    with running(sees_otherwise) as server:
        asked = scorer(server, batch=1)
        outcomes = score_batch(asked, balls)
        assert scores(outcomes[:2] + outcomes[3:]) == [1, 2, 4, 5]
        assert re.search(r"the server's prompt has (\d+) tokens, the checkpoint's own has \d+", str(outcomes[2]))
        counted = iter([7])
        with pytest.raises(ScorerUnavailable, match=r"prompt has \d+ tokens.*VIDEOSCORE2_SEND_VIDEO=frames"):
            score_batch(scorer(server), balls)
        server.counts_tokens = False
        with pytest.raises(ScorerUnavailable, match="does not say how many tokens"):
            score_batch(scorer(server), balls)


def test_a_server_started_anew_with_other_flags_fails_no_video(scorer, answers, balls):
    """Found in the answers, then before the next question."""
    more = iter([0] * 6 + [7] * 6)  # the check's and five answers, five answers and the next check
    with running(lambda request: replace(answers(request), prompt_tokens=60 + next(more))) as one:
        asked = scorer(one)
        asked._count = lambda prompt, saw: 60
        score_batch(asked, balls)
        for _ in range(2):
            with pytest.raises(ScorerUnavailable, match="It looks at other frames"):
                score_batch(asked, balls)
        assert not list(more)


def test_a_model_that_is_not_served_is_named_with_the_settings(scorer, server, balls):
    asked = scorer(server)
    server.models = ["qwen"]
    with pytest.raises(ScorerUnavailable, match="serves qwen and not videoscore2: check VIDEOSCORE2_SERVED_MODEL"):
        score_batch(asked, balls)
    server.models = [NAME]
    score_batch(asked, balls)
    server.models = ["qwen"]
    with pytest.raises(ScorerUnavailable, match="answers 404: check VIDEOSCORE2_SERVERS"):
        score_batch(asked, balls)


def test_a_wrong_key_is_said_without_the_key(scorer, server, balls, caplog):
    server.key = "right-key"
    with pytest.raises(ScorerUnavailable, match="answers 401: set VIDEOSCORE2_SERVER_KEY") as refusal:
        score_batch(scorer(server, key="wrong-key"), balls)
    assert "wrong-key" not in str(refusal.value) + caplog.text
    assert scores(score_batch(scorer(server, key="right-key"), balls)) == [1, 2, 3, 4, 5]


def test_a_server_that_sends_us_elsewhere_is_not_followed(scorer, server, nobody, balls):
    asked = scorer(server)
    score_batch(asked, balls)
    server.faults = [Fault(307, headers={"Location": f"{server.address}/elsewhere"})]
    with pytest.raises(ScorerUnavailable, match="answers 307: check VIDEOSCORE2_SERVERS"):
        score_batch(asked, balls)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"VIDEOSCORE2_SERVERS": []}, "Set VIDEOSCORE2_SERVERS"),
        ({"VIDEOSCORE2_SERVERS": ["gpu-1:8000/v1"]}, "'gpu-1:8000/v1', which is no http address"),
        ({"VIDEOSCORE2_CHECKPOINT": ""}, "Set VIDEOSCORE2_CHECKPOINT"),
        ({"VIDEOSCORE2_CHECKPOINT": "/nowhere"}, "/nowhere"),
        ({"VIDEOSCORE2_SEND_VIDEO": "pigeon"}, "VIDEOSCORE2_SEND_VIDEO is 'pigeon'"),
    ],
)
def test_settings_that_cannot_work_are_named(settings, changes, sentence):
    usual = {"VIDEOSCORE2_SERVERS": ["http://gpu-1:8000/v1"], "VIDEOSCORE2_CHECKPOINT": str(CHECKPOINT)}
    for name, value in {**usual, **changes}.items():
        setattr(settings, name, value)
    with pytest.raises(ScorerUnavailable, match=re.escape(sentence)):
        ServedScorer({**SERVED_SETTINGS, "served_model": NAME}, NAME)


def test_a_version_of_other_settings_is_outdated():
    with pytest.raises(OutdatedVersion):
        ServedScorer({**SERVED_SETTINGS, "revision": 0, "served_model": NAME}, NAME)


# --- Reading what a server sent --------------------------------------------------------------------
def test_without_probabilities_there_are_scores_alone(scorer, server, balls):
    server.logprobs = False
    (outcome,) = score_batch(scorer(server), balls[2:3])
    assert outcome.opinions["visual_quality"].hard_score == 3
    assert outcome.opinions["visual_quality"].probabilities is None


def sent(text, *steps, prompt_tokens=9):
    content = [
        {"token": token, "logprob": top[0][1], "top_logprobs": [{"token": t, "logprob": p} for t, p in top]}
        for token, top in steps
    ]
    return {
        "choices": [{"message": {"content": text}, "logprobs": {"content": content}}],
        "usage": {"prompt_tokens": prompt_tokens},
    }


def test_digits_that_are_not_listed_count_nothing():
    reply = read_reply(
        sent("4", ("4", [("4", -0.5), (" 5", -0.6), ("2", -3.0), ("a", -4.0)]), ("<|im_end|>", [("a", 0.0)])),
        {b"<|im_end|>"},
    )
    assert reply.tokens == (b"4", b"")
    assert reply.chances[0].of == pytest.approx((0, 0.0498, 0, 0.6065, 0), abs=1e-4)
    assert reply.chances[1] is None


def test_characters_that_servers_break_over_tokens_are_mended_from_the_text():
    steps = [(token, [(token, -0.1)]) for token in ("It ", "\ufffd", "\ufffd", ": ", "4")]
    reply = read_reply(sent("It 🌕: 4", *steps), set())
    assert b"".join(reply.tokens).decode() == "It 🌕: 4"
    assert reply.tokens[-2:] == (b": ", b"4")
    assert reply.chances[-1].best == 4
    assert len(reply.tokens) == len(reply.chances)


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"choices": []},
        {"choices": [{"message": None}]},
        {"choices": [{"message": {"content": "x"}, "logprobs": {"content": [{"token": "x"}]}}]},
    ],
)
def test_an_answer_of_unknown_form_is_a_fault(broken):
    with pytest.raises(VideoFault, match="unknown form"):
        read_reply(broken, set())
