"""Reasons: what moved the verdict, said in words, and what was not checked."""

from dataclasses import replace

from branches.types import Abstained, BranchEvidence, Moment
from fusion.reasons import branch_log_odds, explain

SYNC = BranchEvidence("sync", 0.9, {"sync_prob": 0.9}, details={"offset_frames": 8, "offset_certain": True})
VOICE = BranchEvidence("audio", 0.7, {"audio_prob_fake": 0.7}, timeline=(Moment(0, 4, 0.6), Moment(2, 6, 0.8)))


def test_a_dubbed_clip_is_told_by_its_offset() -> None:
    (sentence,) = explain([SYNC], {"sync_prob": 2.0, "intercept": -0.1}, early_exit=False)
    assert sentence.startswith("Mouth movement trails the voice by 8 frames")


def test_an_uncertain_offset_is_not_named() -> None:
    vague = replace(SYNC, details={"offset_frames": 8, "offset_certain": False})
    (sentence,) = explain([vague], {"sync_prob": 2.0}, early_exit=False)
    assert sentence.startswith("Lips and voice do not belong together")


def test_an_offset_that_did_not_count_is_told_all_the_same() -> None:
    assert explain([SYNC], {"sync_prob": 0.0}, early_exit=False) == (
        "Mouth movement trails the voice by 8 frames, which did not count: genuine clips are published so as well.",
    )


def test_an_offset_as_small_as_many_clips_have_is_not_named() -> None:
    slight = replace(SYNC, details={"offset_frames": -2, "offset_certain": True})
    assert explain([slight], {"sync_prob": 0.0}, early_exit=False) == ()


def test_the_weightiest_reason_comes_first_and_names_its_worst_moment() -> None:
    found = explain([VOICE, SYNC], {"audio_prob_fake": 1.5, "sync_prob": 0.4}, early_exit=False)
    assert found[0].startswith("The voice sounds synthesised")
    assert "at 2.0 s" in found[0]
    assert found[1].startswith("Mouth movement")


def test_evidence_for_a_real_clip_is_said_as_such() -> None:
    (sentence,) = explain([SYNC], {"sync_prob": -2.0}, early_exit=False)
    assert sentence.startswith("Lips and voice move together")


def test_what_hardly_counted_is_no_reason() -> None:
    assert explain([VOICE], {"audio_prob_fake": 0.01}, early_exit=False) == ()


def test_the_same_abstention_is_told_once() -> None:
    reason = "No face was found."
    evidence = [Abstained("gate", "no_face", reason), Abstained("visual", "no_face", reason)]
    assert explain(evidence, {}, early_exit=False) == (reason,)


def test_log_odds_are_summed_by_branch() -> None:
    parts = {"visual_prob_mean": 1.0, "visual_prob_max": 0.5, "sync_prob": -0.25, "intercept": 3.0}
    assert branch_log_odds(parts) == {"visual": 1.5, "sync": -0.25}
