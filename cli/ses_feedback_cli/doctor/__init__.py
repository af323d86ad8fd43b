"""`ses-feedback doctor`: what is wrong on the way from SES to the tables. Nothing here changes a resource.

``aws`` reads ``resources`` in every account and Region; ``inspection`` combines them into ``observations``; ``rules``
turn observations into findings, with the help of ``resource_policy``; ``rendering`` presents the findings.
"""
