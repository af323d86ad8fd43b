"""What the blocks of single addresses and of waves are, how they are put and lifted, and the story of an address."""
