"""What failed and waits.

`letters` looks at it, `masking` hides what is personal, `redriving` sends it on its way again: a whole dead-letter
queue by AWS's own `move_task`, everything else message by message, by `moving`.
"""
