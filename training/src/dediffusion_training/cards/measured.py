"""What cards say of an evaluation."""

from __future__ import annotations


def describe_drawing(evaluation: dict) -> str:
    drawing = evaluation["drawing"]
    return f"drawn in {drawing['steps']} DDIM steps at guidance scale {drawing['guidance_scale']:g}"


def loss_and_psnr_table(evaluation: dict) -> str:
    rows = [
        f"| {name} | {_interval(evaluation['diffusion_loss'][name], 4)} | {_interval(evaluation['psnr'][name], 2)} |"
        for name in evaluation["diffusion_loss"]
    ]
    header = "| prompt | diffusion loss | PSNR of the reconstruction, dB |\n| --- | --- | --- |"
    return "\n".join([header, *rows]) + "\n\nMeans with 95% bootstrap intervals; the same noises for every prompt."


def _interval(value: dict[str, float], digits: int) -> str:
    return f"{value['mean']:.{digits}f} ({value['low']:.{digits}f} to {value['high']:.{digits}f})"


def describe_limits(evaluation: dict) -> str:
    return f"""## Limits

The domain is small and artificial: pictures outside it are described in its words all the same, which says little about them.
Of the things drawn, {evaluation["naming"]["thing_recall"]:.0%} are named in the text; what the text leaves out, no decoder can draw."""
