"""The subcommands of `python -m rollout`, one module each. A new module here is a new subcommand."""

from importlib import import_module
from pkgutil import iter_modules

from .app import app

for _module in iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")

__all__ = ["app"]
