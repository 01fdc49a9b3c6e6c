"""Events of Kafka topics become parts of datasets, in batches whose offsets git holds.

    plan ─> drain ─> parse ─> (pull request, review, release) ─> commit

*plan* asks the broker what waits and appends a batch of offsets to ``streams/NAME.json``. *drain*
is a stage that reads exactly these offsets and keeps the records as they are. *parse* is a stage
that turns records into rows and dead letters and needs no broker. *commit* tells the broker, after
the release, how far its consumers need to look. The process may be killed at any point: each step
is a function of the state in git and DVC.

Only ``client``, ``broker``, ``producer`` and ``registry`` import ``confluent_kafka``: stages that
need no broker run where it is not installed.
"""
