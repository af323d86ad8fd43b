"""How much memory a process held at most."""

import re
import resource
from pathlib import Path


def peak_mb() -> float:
    """Of this process, in MB. Not ru_maxrss on Linux: that also remembers what its parent held when it was started."""
    status = Path("/proc/self/status")
    if status.exists() and (found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(found[1]) / 1_024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
