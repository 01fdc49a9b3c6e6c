"""Settings: what ``dvc.yaml`` and ``params.yaml`` say, checked."""
