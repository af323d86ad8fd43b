"""A rollout over many accounts and Regions: one stack per (account, Region), in waves.

A file says where (`targets`), the checks find all that is wrong with it (`checks`), a plan follows from it (`plan`),
and from the plan the file of each stack (`stacks`).
"""
