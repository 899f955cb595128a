"""Tell a machine that is short of memory from a file that asks for absurdly much of it."""

import resource
from pathlib import Path
from typing import Final

SHORT_BYTES: Final = 256 * 2**20
DATA_FIELD: Final = 5
"""Of /proc/self/statm: private writable pages, which RLIMIT_DATA bounds."""


def memory_is_short() -> bool:
    """Whether this process has nearly used up what RLIMIT_DATA allows it."""
    bound, _ = resource.getrlimit(resource.RLIMIT_DATA)
    if bound == resource.RLIM_INFINITY:
        return False
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[DATA_FIELD])
    return bound - pages * resource.getpagesize() < SHORT_BYTES
