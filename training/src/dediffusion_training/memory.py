"""Memory of a training run on a processor."""

from __future__ import annotations

import ctypes
import sys

#: Names of glibc's malloc.h.
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3
PAD = 256 * 2**20
NEVER = 2**31 - 1
#: The most that some versions accept.
LARGEST_MMAP_THRESHOLD = 32 * 2**20


def keep_freed_memory() -> bool:
    """Makes this process keep the memory of freed tensors for the next ones; says whether it could.

    A step frees and asks for hundreds of megabytes. By default glibc returns them to the system each time and gets
    pages that must be cleared first; in a virtual machine that took longer than computing with them. Does nothing
    where malloc is another than glibc's.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    whole = mallopt(M_MMAP_THRESHOLD, NEVER) or mallopt(M_MMAP_THRESHOLD, LARGEST_MMAP_THRESHOLD)
    return bool(whole and mallopt(M_TRIM_THRESHOLD, NEVER) and mallopt(M_TOP_PAD, PAD))
