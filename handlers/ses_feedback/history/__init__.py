"""What is stored about an address: events, the state that follows from them, and the writer of both tables.

One way through it: ``event`` (one thing that happened) -> ``state`` (what the history of an address adds up to) ->
``transaction`` (the actions that say so in the tables) -> ``writer`` (the calls).
"""
