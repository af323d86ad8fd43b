"""The peak memory of a process."""

import re
import resource
from pathlib import Path


def peak_mb() -> float:
    """Of this process, in MB. Not ru_maxrss on Linux: that includes the memory of its parent when it was started."""
    status = Path("/proc/self/status")
    if status.exists() and (peak := re.search(r"VmHWM:\s+(\d+) kB", status.read_text())):
        return int(peak[1]) / 1_024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
