"""What the layers of one family share: one file for each family, imported by the layers that belong to it."""
