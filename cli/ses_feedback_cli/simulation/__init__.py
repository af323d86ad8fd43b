"""Sends mails to SES's mailbox simulator and follows each one, hop by hop, to the blocked table and to a sender.

`mails` lists what is sent and the right results, `origins` what it is sent by; `notification_builder` builds what SES
publishes about it. `follower` follows each `journey` in the tables; `queue_evidence` tells where one stopped.

`ses-feedback simulate` and the sandbox of the repository use the same modules: what only the sandbox can see (each
message of the topic, the function's log lines) it adds as `follower.Evidence` of its own.
"""
