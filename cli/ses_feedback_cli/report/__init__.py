"""The report of `ses-feedback report`: from the rows of both tables to one page that needs nothing else.

``tally`` counts by name in bounded memory; ``numbers`` counts rows into a `Summary`; ``standing`` holds what AWS thinks
of the account and what lies in dead-letter queues; ``charts`` gives what was counted its place, and ``page``, with
page.html and page.css, sets it into one file. These are pure. ``gather`` asks AWS.
"""
