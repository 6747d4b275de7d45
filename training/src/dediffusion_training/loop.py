"""The training loop that all models share: resumable, averaged, logged."""

from __future__ import annotations

import json
import math
import platform
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import torch
from pydantic import BaseModel
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from .ahead import Ahead, Made
from .configuration import LoopConfig
from .memory import keep_freed_memory
from .processes import average_gradients, processes

#: Computes the loss of one step, and numbers worth logging, from the step's index.
Step = Callable[[int], tuple[torch.Tensor, dict[str, float]]]


def pick_device() -> torch.device:
    """This process's own device."""
    if processes().num_processes > 1:
        return processes().device
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def describe_device(device: torch.device) -> str:
    """What a run was computed on, as a model card names it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"{threads} CPU thread{'s' if threads > 1 else ''}"


def computes_bfloat16(device: torch.device) -> bool:
    """Whether the device has instructions for bfloat16. Without them it is emulated, many times slower than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def quick_attention(device: torch.device) -> AbstractContextManager:
    """On a CPU, plain matrix products: its fused attention goes backward in bfloat16 ten times slower than they do."""
    return sdpa_kernel(SDPBackend.MATH) if device.type == "cpu" else nullcontext()


def save_whole(state: object, file: Path) -> None:
    """Saves so that a run which is stopped meanwhile leaves the file as it was before, never half of a new one."""
    unfinished = file.with_suffix(".unfinished")
    torch.save(state, unfinished)
    unfinished.replace(file)


class TrainingLoop:
    """Trains `model` and keeps its exponential moving average in `average`.

    A step can take several passes (`accumulate`), in several processes; `batch_size` is the pictures of one pass.
    A pass draws its randomness from its number and the seed, so a run that was stopped and resumed takes the same
    steps as one that was not, and two processes take those that one takes with twice as many passes.
    """

    def __init__(self, model: nn.Module, config: LoopConfig, run_folder: Path) -> None:
        self.model, self.config = model, config
        self.device = next(model.parameters()).device
        if self.device.type == "cpu":
            keep_freed_memory()
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(
            self.parameters,
            lr=config.learning_rate,
            weight_decay=config.weight_decay,
            betas=(0.9, 0.99),
            fused=True,
        )
        self.average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(config.ema_decay), use_buffers=True)
        self.mixed = config.precision == "bfloat16" and computes_bfloat16(self.device)
        self.run_folder = run_folder
        self.checkpoint = run_folder / "checkpoint.pt"
        self.step = 0
        self.seconds = 0.0
        #: The number of the pass that is computed, counted over all steps, passes and processes.
        self.draw = 0

    @property
    def begins_step(self) -> bool:
        """Whether this is the first pass of a step, in the main process."""
        return self.draw % (self.config.accumulate * processes().num_processes) == 0

    def ahead(self, make: Callable[[int], Made]) -> Ahead[Made]:
        """What passes need by their number (`draw`), made ahead by the configuration's workers."""
        return Ahead(make, self.config.workers, stride=processes().num_processes)

    def learning_rate(self, step: int) -> float:
        """Linear warm-up, then a cosine down to a twentieth."""
        if step < self.config.warmup_steps:
            return self.config.learning_rate * (step + 1) / self.config.warmup_steps
        done = (step - self.config.warmup_steps) / max(1, self.config.steps - self.config.warmup_steps)
        return self.config.learning_rate * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(done, 1))))

    def run(self, compute_loss: Step) -> list[float]:
        """Runs from the last checkpoint to the end; returns the losses of the steps it ran."""
        self._resume()
        losses: list[float] = []
        is_main = processes().is_main_process
        writer = SummaryWriter(str(self.run_folder / "tensorboard"), purge_step=self.step) if is_main else None
        steps = range(self.step, self.config.steps)
        progress = tqdm(steps, initial=self.step, total=self.config.steps, mininterval=5, disable=not is_main)
        self.model.train()
        started = time.monotonic() - self.seconds
        for step in progress:
            loss, numbers = self.take_step(compute_loss, step)
            self.step = step + 1
            self.seconds = time.monotonic() - started
            losses.append(loss)
            if step % 10 == 0 and writer:
                progress.set_postfix({"loss": f"{loss:.4f}", **{k: f"{v:.3f}" for k, v in numbers.items()}})
                for name, value in {"loss": loss, "learning_rate": self.learning_rate(step), **numbers}.items():
                    writer.add_scalar(name, value, step)
            if self.step % self.config.checkpoint_every == 0 or self.step == self.config.steps:
                self._save()
        if writer:
            writer.close()
        self._save()
        processes().wait_for_everyone()
        return losses

    def take_step(self, compute_loss: Step, step: int) -> tuple[float, dict[str, float]]:
        """One step of the optimizer and of the average; returns its mean loss, and its mean numbers with the norm of
        the gradients."""
        state, passes = processes(), self.config.accumulate
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate(step)
        self.optimizer.zero_grad(set_to_none=True)
        results = []
        for number in range(passes):
            self.draw = (step * passes + number) * state.num_processes + state.process_index
            torch.manual_seed(self.config.seed * 1_000_003 + self.draw)
            with quick_attention(self.device):
                with torch.autocast(self.device.type, torch.bfloat16, enabled=self.mixed):
                    loss, numbers = compute_loss(step)
                (loss / passes).backward()
            results.append({"loss": loss.item(), **numbers})
        average_gradients(self.parameters)
        norm = nn.utils.clip_grad_norm_(self.parameters, self.config.clip_gradient_norm)
        self.optimizer.step()
        self.average.update_parameters(self.model)
        means = {name: sum(result[name] for result in results) / passes for name in results[0]}
        return means.pop("loss"), {"gradient_norm": norm.item(), **means}

    @property
    def averaged_model(self) -> nn.Module:
        return self.average.module

    def _save(self) -> None:
        if not processes().is_main_process:
            return
        self.run_folder.mkdir(parents=True, exist_ok=True)
        state = {
            "step": self.step,
            "seconds": self.seconds,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        save_whole(state, self.checkpoint)

    def _resume(self) -> None:
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, map_location=self.device, weights_only=True)
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]


def describe_run(loop: TrainingLoop, config: BaseModel, **more: object) -> dict[str, object]:
    """What a model card says of a run: its configuration, the hours it took, and on what."""
    hardware = describe_device(loop.device)
    count = processes().num_processes
    hardware = f"{count} x {hardware}" if count > 1 else hardware
    software = f"PyTorch {torch.__version__.split('+')[0]}, Python {platform.python_version()}"
    hours = round(loop.seconds / 3600, 3)
    return {
        "config": config.model_dump(mode="json"),
        "hours": hours,
        "hardware": hardware,
        "software": software,
        **more,
    }


def write_recipe(folder: Path, recipe: dict[str, object]) -> None:
    """Keeps the description beside the model, for its card."""
    (folder / "recipe.json").write_text(json.dumps(recipe, indent=2) + "\n", encoding="utf-8")


def read_recipe(folder: Path) -> dict:
    return json.loads((folder / "recipe.json").read_text(encoding="utf-8"))


def read_recipes(**folders: Path | None) -> dict[str, dict]:
    """The recipes of what a run began with, by what each was to it; without those that it did not have."""
    return {name: read_recipe(folder) for name, folder in folders.items() if folder}
