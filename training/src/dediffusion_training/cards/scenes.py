"""What cards say of scenes and of those who drew their things."""

from __future__ import annotations

#: Where the recipe has the drawings of each style from.
DRAWINGS = {
    "flat": "[Noto Emoji](https://github.com/googlefonts/noto-emoji) (Google, Apache-2.0, the flat style)",
    "glossy": "[Fluent Emoji](https://github.com/microsoft/fluentui-emoji) (Microsoft, MIT, the glossy style)",
}


def describe_domain(scenes: dict) -> str:
    backgrounds, styles = describe_shares(scenes["background_kinds"]), describe_shares(scenes["styles"])
    return f"Scenes: {describe_counts(scenes)}; {_places(scenes)}; styles: {styles}; backgrounds: {backgrounds}."


def describe_counts(scenes: dict) -> str:
    """`40% with 1 thing, 60% with 2 things`."""
    names = {count: f"with {count} thing{'s' if int(count) > 1 else ''}" for count in sorted(scenes["object_counts"])}
    return describe_shares(scenes["object_counts"], names)


def _places(scenes: dict) -> str:
    """`one thing in the middle; the first of 2 left or right, another opposite`."""
    others = {1: "", 2: ", another opposite", 3: ", the others in a row with it"}
    parts = []
    for count, places in sorted(scenes["places"].items()):
        if count in scenes["object_counts"]:
            names = " or ".join("in the middle" if place == "middle" else place for place in places)
            first = "one thing" if int(count) == 1 else f"the first of {count}"
            parts.append(f"{first} {names}{others[int(count)]}")
    return "; ".join(parts)


def describe_shares(shares: dict, names: dict | None = None) -> str:
    """`80% flat, 20% glossy`: what `pick` makes of shares, which need not sum to 1."""
    total = sum(shares.values())
    return ", ".join(f"{share / total:.0%} {(names or {}).get(key, key)}" for key, share in shares.items() if share > 0)


def describe_attribution(scenes: dict) -> str:
    drawings = " and ".join(DRAWINGS[style] for style, share in scenes["styles"].items() if share > 0)
    return f"""## Data and licences

Trained on pictures composed of {drawings}; names after
[unicode-emoji-json](https://github.com/muan/unicode-emoji-json) (MIT). The drawings themselves are not distributed here.
The weights are licensed under Apache-2.0.
"""
