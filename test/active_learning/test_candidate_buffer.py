"""What is kept of a long bag."""

from seg_perception.active_learning.candidate_buffer import CandidateBuffer


def indices(buffer):
    return [candidate.index for candidate in buffer.candidates()]


def test_the_pool_is_bounded_and_holds_the_best_of_each_kind(make):
    buffer = CandidateBuffer(class_count=3, seed=1, kept=24)
    for n in range(5000):
        buffer.add(
            make.candidate(
                n,
                uncertainty=0.9 if n == 1234 else 0.1,
                disagreement=0.8 if n == 2345 else 0.0,
                shares=(0.5, 0.5, 0) if n == 3456 else (1, 0, 0),
            )
        )
    kept = indices(buffer)
    assert {1234, 2345, 3456} <= set(kept)
    assert len(kept) <= 24 * 3 + 3 * 8
    assert kept == sorted(set(kept))


def test_the_sample_is_fair_and_the_same_for_one_seed(make):
    def sample(seed):
        buffer = CandidateBuffer(class_count=3, seed=seed, kept=500)
        for n in range(10_000):
            buffer.add(make.candidate(n, shares=(0, 0, 0)))
        return indices(buffer)

    first = sample(1)
    assert len(first) == 500
    assert sample(1) == first != sample(2)
    # 250 of 500 are expected in either half, with a standard deviation of 11.
    assert 200 < sum(n < 5000 for n in first) < 300
