"""The machine that figures were measured on, for those who compare them with theirs."""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path


def measured_on() -> str:
    """Date, processors, system and Python, in a line."""
    cpu_info = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*: (.*)", cpu_info.read_text()) if cpu_info.exists() else None
    processor = model[1] if model else platform.machine()
    system, python = platform.system(), platform.python_version()
    return f"{datetime.now(UTC):%d %B %Y}, {os.cpu_count()} processors ({processor}), {system}, Python {python}"
