"""Components that other programs reuse.

Python programs import this package; programs in other languages use it as the Pulumi package `ses-feedback`, which
`__main__.py` serves. Each component has a module `<component>_args` with its inputs: the TypedDict that programs fill,
the rules, and the dataclass of checked inputs with the defaults. The modules of a TypedDict have no
`from __future__ import annotations`, and the TypedDict no `Literal` or union: Pulumi's schema analyser cannot read
them.
"""

from components.blocked_table import BlockedTable
from components.blocked_table_args import BlockedTableArgs
from components.feedback_canary import FeedbackCanary
from components.feedback_canary_args import FeedbackCanaryArgs
from components.feedback_kms_key import FeedbackKmsKey
from components.feedback_kms_key_args import FeedbackKmsKeyArgs
from components.feedback_monitoring import FeedbackMonitoring
from components.feedback_monitoring_args import FeedbackMonitoringArgs
from components.feedback_pipeline import FeedbackPipeline
from components.feedback_pipeline_args import FeedbackPipelineArgs

__all__ = [
    "BlockedTable",
    "BlockedTableArgs",
    "FeedbackCanary",
    "FeedbackCanaryArgs",
    "FeedbackKmsKey",
    "FeedbackKmsKeyArgs",
    "FeedbackMonitoring",
    "FeedbackMonitoringArgs",
    "FeedbackPipeline",
    "FeedbackPipelineArgs",
]
