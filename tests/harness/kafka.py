#!/usr/bin/env python3
"""Starts and ends Apache Kafka brokers for tests: `kafka.py --help`."""

import sys

from blocklog_harness.cli import main

if __name__ == "__main__":
    sys.exit(main())
