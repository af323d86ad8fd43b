"""What other programs reuse: `BlockedTable`, `FeedbackPipeline`, `FeedbackMonitoring` and `FeedbackKmsKey`.

Python programs import this package; every other language gets it as the Pulumi package `ses-feedback`, which
`__main__.py` serves. The modules that hold a component's inputs carry no `from __future__ import annotations`,
`Literal` or unions: Pulumi's schema analyser cannot read them.
"""

from components.blocked_table import BlockedTable, BlockedTableArgs
from components.feedback_kms_key import FeedbackKmsKey, FeedbackKmsKeyArgs
from components.feedback_monitoring import FeedbackMonitoring
from components.feedback_monitoring_args import FeedbackMonitoringArgs
from components.feedback_pipeline import FeedbackPipeline
from components.feedback_pipeline_args import FeedbackPipelineArgs

__all__ = [
    "BlockedTable",
    "BlockedTableArgs",
    "FeedbackKmsKey",
    "FeedbackKmsKeyArgs",
    "FeedbackMonitoring",
    "FeedbackMonitoringArgs",
    "FeedbackPipeline",
    "FeedbackPipelineArgs",
]
