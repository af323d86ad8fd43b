"""Serves the components as the Pulumi package `ses-feedback`, for programs in any language."""

import sys
from pathlib import Path

from pulumi.provider.experimental import component_provider_host

# The engine starts this file from the consumer's folder; the package `components` lies beside this folder's parent.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from components.package import COMPONENTS, NAME, VERSION

if __name__ == "__main__":
    component_provider_host(list(COMPONENTS), NAME, version=VERSION)
