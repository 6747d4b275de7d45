"""Freed memory stays with a process that asks for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

# In a process of its own, because what malloc is told cannot be taken back. Chunks that malloc keeps in its heap are
# touched and freed; what stays resident afterwards is what the next tensors get without asking the system.
PROBE = """
import sys
from dediffusion_training.memory import keep_freed_memory
import torch

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

if sys.argv[1] == "keep":
    assert keep_freed_memory()
before = resident()
held = [torch.ones(2 * 2**20) for _ in range(32)]
while held:
    held.pop()
print(resident() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="tells glibc's malloc, which Linux has")
def test_a_process_that_keeps_freed_memory_still_has_it():
    def still_held(what: str) -> float:
        command = [sys.executable, "-c", PROBE, what]
        source = Path(__file__).parents[1] / "src"
        done = subprocess.run(command, env={"PYTHONPATH": str(source)}, capture_output=True, text=True, check=True)
        return float(done.stdout)

    assert still_held("return") < 64
    assert still_held("keep") > 200
