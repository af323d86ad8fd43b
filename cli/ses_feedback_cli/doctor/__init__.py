"""What `ses-feedback doctor` knows: `gather` asks AWS for `facts`, `rules` say what is wrong with them, `report` tells.

``calls`` has every call that is made, and so the rights that are needed; ``ask`` makes them, in every account and
Region, and turns a refusal into something that was not seen; ``allowed`` reads policies. Nothing here changes anything.
"""
