"""`ses-feedback report`: counts the rows of both tables, and writes one HTML page that needs no other file.

``aws_reads`` reads from AWS; everything else is pure. ``summary_builder`` counts rows into a ``summary``, with the help
of ``ranking``, which counts by name in bounded memory. ``reputation`` compares rates with the limits of AWS.
``contents`` is everything that the page shows; ``charts`` lays out the charts; ``page``, with page.html and page.css,
renders it.
"""
