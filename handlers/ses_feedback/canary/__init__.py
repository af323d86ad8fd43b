"""The canary: a Lambda function that mails SES's mailbox simulator and waits until its addresses are blocked.

``handler`` -> ``settings`` (environment variables) -> ``run`` (sends, then reads the blocked table). It is the only
test of the whole way from SES to the table in AWS itself. It writes to no table: the addresses stay blocked, and each
run's feedback renews the item.
"""
