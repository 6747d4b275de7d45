"""What other processes make ahead is what would have been made."""

from __future__ import annotations

import os

import pytest

from dediffusion_training.ahead import Ahead


def square(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stride", [1, 3])
def test_numbers_that_follow_each_other_give_what_belongs_to_them(workers: int, stride: int):
    ahead = Ahead(square, workers, stride)
    numbers = range(5, 5 + 12 * stride, stride)
    made = [ahead(number) for number in numbers]
    assert [result for result, _ in made] == [number * number for number in numbers]
    # Two processes take turns; with none, this one makes it.
    makers = {process for _, process in made}
    assert makers == {os.getpid()} if workers == 0 else len(makers) == 2 and os.getpid() not in makers


def test_a_number_that_does_not_follow_is_made_all_the_same():
    ahead = Ahead(square, workers=2)
    assert [ahead(number)[0] for number in (0, 1, 7, 8, 3)] == [0, 1, 49, 64, 9]


def test_what_fails_in_another_process_fails_here():
    def fail(number: int) -> int:
        raise ValueError(f"no picture {number}")

    with pytest.raises(ValueError, match="no picture 4"):
        Ahead(fail, workers=1)(4)
