"""Loaded last by the process that commands are forked from.

What it has loaded by then lives as long as the process: moved out of the collector's sight, it is
neither walked nor, since walking writes to it, copied in each child.
"""

import gc

gc.collect()
gc.freeze()
