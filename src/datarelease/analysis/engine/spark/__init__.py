"""Spark as the engine, by Spark Connect. Nothing else imports it."""

import warnings

# Of pandas 3, of which the client uses nothing that changed.
warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
