"""Whether what a service says is of use: how much says that it is not."""

from __future__ import annotations

from viral_assets.generation.run.failures.usefulness import Usefulness, Useless

PROSE = Useless("prose")
REJECTED = Useless("rejected", is_last_word=True)
THOUGHTS = Useless("thoughts", is_last_word=True, is_costly=True)


def in_doubt_after(usefulness: Usefulness, *answers: tuple[Useless, str]) -> list[bool]:
    """After each answer about tweets that are named by a letter each."""
    doubt = []
    for useless, tweets in answers:
        usefulness.useless(useless, [("calm", tweet) for tweet in tweets])
        doubt.append(usefulness.is_in_doubt)
    return doubt


def test_ten_useless_answers_or_five_last_words_are_enough() -> None:
    for useless, enough in ((PROSE, 10), (REJECTED, 5), (THOUGHTS, 5)):
        answers = [(useless, tweet) for tweet in "abcdefghijkl"[:enough]]
        assert in_doubt_after(Usefulness(), *answers) == [False] * (enough - 1) + [True]


def test_a_tweet_that_is_in_all_of_them_may_be_the_cause() -> None:
    usefulness = Usefulness()
    assert not any(in_doubt_after(usefulness, *[(PROSE, "abcd"), (PROSE, "ab"), (PROSE, "a")] * 10))
    assert in_doubt_after(usefulness, (PROSE, "b")) == [True]


def test_once_it_was_of_use_prose_tells_nothing_and_a_last_word_little_unless_it_costs_much() -> None:
    usefulness = Usefulness()
    in_doubt_after(usefulness, *[(PROSE, tweet) for tweet in "abcdefghijkl"])

    usefulness.useful()

    assert not usefulness.is_in_doubt
    assert usefulness.has_been
    assert not any(in_doubt_after(usefulness, *[(PROSE, tweet) for tweet in "abcdefghijklmnopqrstuvwxyz"] * 2))
    for useless, enough in ((REJECTED, 20), (THOUGHTS, 5)):
        answers = [(useless, tweet) for tweet in "abcdefghijklmnopqrst"[:enough]]
        assert in_doubt_after(usefulness, *answers[1:]) == [False] * (enough - 1)
        usefulness.useful()
        assert in_doubt_after(usefulness, *answers) == [False] * (enough - 1) + [True]
        usefulness.useful()
