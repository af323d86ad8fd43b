"""What the Pulumi package `ses-feedback` holds."""

from components.blocked_table import BlockedTable
from components.feedback_canary import FeedbackCanary
from components.feedback_kms_key import FeedbackKmsKey
from components.feedback_monitoring import FeedbackMonitoring
from components.feedback_pipeline import FeedbackPipeline

NAME = "ses-feedback"
VERSION = "0.1.0"
COMPONENTS = (BlockedTable, FeedbackPipeline, FeedbackMonitoring, FeedbackCanary, FeedbackKmsKey)
