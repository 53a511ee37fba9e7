"""Clusters as scripts: a real Kafka broker, Blocklog's processes, and ways to look at both.

Standard library only. `kafka` starts brokers, `process` owns every child, `services` starts Blocklog's
binaries, `tools` speaks through kcat, grpcurl and the `blocklog` command, `scenario` is what the scripts
in tests/e2e are written with. `campaign` is a chain on three brokers under load: `lanes` are its clients, `faults` what
befalls it, and `promises` compares what clients were told with what the topics hold.
"""
