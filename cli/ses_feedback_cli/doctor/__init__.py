"""`ses-feedback doctor`: what is wrong on the way from SES to the tables. Nothing here changes a resource.

``aws`` reads the resources, in every account and Region; ``inspection`` collects what it read as ``observations``;
``rules`` turn observations into findings, with the help of ``resource_policy``; ``rendering`` presents the findings.
"""
