"""From a scene to its captions: empty, terse, complete, lists of words, and bags of words as an encoder in training
writes them."""

from __future__ import annotations

import numpy as np

from .scene import BACKGROUND_KINDS, COLOURS, PLACES, SIZES, Scene, pick

#: What is said of a background of two colours.
KIND_WORDS = tuple(kind for kind in BACKGROUND_KINDS if kind != "plain")
PLACE_WORDS = tuple(dict.fromkeys(place for places in PLACES.values() for place in places))


def function_words() -> list[str]:
    """Words of the captions that name nothing."""
    return ["a", "an", "and", "on", "background", "style", ",", "."]


def vocabulary(things: list[str], styles: list[str]) -> list[str]:
    """Every content word, in a fixed order."""
    return list(dict.fromkeys([*things, *COLOURS, *KIND_WORDS, *SIZES, *PLACE_WORDS, *styles]))


def content_words(scene: Scene) -> list[str]:
    """The words of the complete caption without function words; none twice."""
    return list(dict.fromkeys(listed_words(scene)))


def terse_caption(scene: Scene) -> str:
    """`a cat and a pizza`."""
    return " and ".join(f"{_article(thing.word)} {thing.word}" for thing in scene.objects)


def complete_caption(scene: Scene) -> str:
    """`flat style , large cat left , small pizza right , blue background`.

    The style comes first: a text encoder that reads from left to right, as CLIP's does, knows it at each thing then.
    """
    things = [f"{thing.size} {thing.word} {thing.place}" for thing in scene.objects]
    return " , ".join([f"{scene.style} style", *things, f"{' '.join(_background_words(scene))} background"])


def listed_words(scene: Scene) -> list[str]:
    """The words of the complete caption in their order, without function words: what each thing is stays told."""
    things = [word for thing in scene.objects for word in (thing.size, thing.word, thing.place)]
    return [scene.style, *things, *_background_words(scene)]


def _background_words(scene: Scene) -> list[str]:
    """`blue`; `blue pink gradient`."""
    return [*scene.background, *(word for word in KIND_WORDS if word == scene.background_kind)]


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


class Captioner:
    """Draws captions by lot; `shares` is the share of each kind: empty, terse, complete, list, phrases, bag."""

    def __init__(self, things: list[str], styles: list[str], shares: dict[str, float], longest: int) -> None:
        self.words, self.shares, self.longest = vocabulary(things, styles), shares, longest

    def caption(self, scene: Scene, rng: np.random.Generator) -> str:
        match pick(self.shares, rng):
            case "empty":
                return ""
            case "terse":
                return terse_caption(scene)
            case "complete":
                return complete_caption(scene)
            case "list":
                return " ".join(listed_words(scene)[: self.longest])
            case "phrases":
                return self.phrases(scene, rng)
            case "bag":
                return self.bag(scene, rng)
            case other:
                raise ValueError(f"unknown kind of caption: {other}")

    def phrases(self, scene: Scene, rng: np.random.Generator) -> str:
        """What is said of each thing, of the background and of the style, in any order; half the time some of it again.

        Words of one phrase stay together and colours in their order. Without that, two things and their sizes, or the
        colours of two halves, could be either way round, and a decoder that cannot know hedges.
        """
        things = [
            [str(word) for word in rng.permutation((thing.size, thing.word, thing.place))] for thing in scene.objects
        ]
        colours, kind = list(scene.background), [word for word in KIND_WORDS if word == scene.background_kind]
        background = [*kind, *colours] if rng.random() < 0.5 else [*colours, *kind]
        phrases, style = [*things, background], [scene.style]
        rng.shuffle(phrases)
        # Half the time before all else, as in complete captions.
        phrases.insert(0 if rng.random() < 0.5 else rng.integers(len(phrases) + 1), style)
        words = [word for phrase in phrases for word in phrase]
        if rng.random() < 0.5:
            words += [str(word) for word in rng.choice(words, size=rng.integers(1, 5))]
        return " ".join(words[: self.longest])

    def bag(self, scene: Scene, rng: np.random.Generator) -> str:
        """Content words shuffled, with some left out, some repeated and some that are wrong; never empty."""
        words = content_words(scene)
        kept = rng.random() if rng.random() < 0.5 else 1.0
        chosen = [word for word in words if rng.random() < kept] or [str(rng.choice(words))]
        if rng.random() < 0.5:
            chosen += [str(word) for word in rng.choice(chosen, size=rng.integers(1, 5))]
        if rng.random() < 0.3:
            chosen += [str(word) for word in rng.choice(self.words, size=rng.integers(1, 4))]
        rng.shuffle(chosen)
        return " ".join(chosen[: self.longest])
