"""What the catalogue knows: figures of each version, read once, and datasets over all of them."""
