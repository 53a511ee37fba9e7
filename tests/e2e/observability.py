"""What an operator watches: Prometheus scrapes every service, and no query of board or rules is left without an answer."""

import json
import re
import shutil
import subprocess
import time
import urllib.parse
from functools import partial

from blocklog_harness import load, paths, ports, process, services, tools
from blocklog_harness.dev import Dev
from blocklog_harness.process import Failure, wait_until
from blocklog_harness.scenario import Scenario, check, equal, main

DEPLOY = paths.ROOT / "deploy"
# A series for each reason there is: none is the proper answer.
SILENT_WHEN_WELL = {"service_unready"}
# What every process tells of itself.
EVERYWHERE = [
    "build_info{",
    "process_uptime_seconds",
    "process_memory_usage_bytes",
    "process_cpu_time_seconds_total",
    "process_open_file_descriptor_count",
    "service_ready{",
]
# Figures of the log and of the index that cannot be zero after such a run.
TRUE = [
    'sum(journal_kafka_broker_connections{state="up"}) >= 5',
    'max(max_over_time(journal_kafka_broker_round_trip_p99_seconds{client="producer"}[5m])) > 0',
    "sum(journal_kafka_producer_queue) == 0",
    "sum(journal_disk_sync_duration_seconds_count) > 0",
    "sum(journal_disk_group_sum) >= 40",
    'sum by (topic) (journal_disk_size_bytes{topic="transactions"}) > 1000',
    "sum(ledger_index_size_bytes) > 0",
    "sum(ledger_index_memtables_size_bytes) > 0",
]
METRIC = re.compile(r"\b((?:ledger|ingest|miner|journal|service|process|rpc|build)_[a-z_]+)")


def run(s: Scenario) -> None:
    """Prometheus scrapes all services; every query of every panel and rule answers."""
    check(shutil.which("prometheus"), "apt-get install prometheus")
    for command in (["check", "rules", "rules.yml"], ["test", "rules", "rules_test.yml"]):
        done = subprocess.run(["promtool", *command], cwd=DEPLOY / "prometheus", capture_output=True, text=True)
        equal(done.returncode, 0, f"promtool {' '.join(command)}: {done.stdout}{done.stderr}")
    s.step("promtool takes the rules, and each alert fires when it should and only then")

    net = s.net().init()
    ledger, ingest = net.ledger(), net.ingest()
    miners = [net.miner("miner-0", 0), net.miner("miner-1", 1)]
    explorer = services.Service(
        "explorer",
        "explorer",
        net.folder / "explorer",
        ["--web", f"127.0.0.1:{ports.free(1)[0]}", "--ledger", ledger.url, "--miner", miners[0].url],
    ).start()
    # Beside them the chain in one process, whose journal is on disk.
    dev = Dev(net.folder / "dev").start()
    net.await_ready()
    explorer.await_ready()
    dev.await_ready()
    running = [ledger, ingest, *miners, explorer]
    targets = {service.name: service.admin for service in running} | {"dev": dev.announcement()["ingest"]["admin"]}
    for name, admin in targets.items():
        status, text = tools.http(admin, "/metrics")
        equal(status, 200, f"{name}'s /metrics")
        missing = [figure for figure in EVERYWHERE if f"\n{figure}" not in text]
        equal(missing, [], f"figures that {name} does not have")
        # `check metrics` has opinions on names too; the form of the text is what counts.
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        check("error while linting" not in done.stderr, f"{name}: {done.stderr}")
    server = prometheus(s, list(targets.values()))
    s.step(f"{len(targets)} processes and Prometheus are up")

    for n in range(4):
        load.submit(ingest, load.rounds(senders=20, per_sender=2), partition=n % 2)
        load.submit(dev, load.rounds(senders=5, per_sender=2), partition=n % 2)
        tools.call(explorer.grpc, "explorer.v1.ExplorerService/GetOverview")
        time.sleep(2)
    services.await_included(ledger, 40)
    wait_until("all targets to be up", lambda: value(server, "sum(up)") == len(targets), 30)

    asked = 0
    for name, query in [*panels(), *rules()]:
        wait_until(f"an answer to {name}: {query}", partial(answered, server, query), 30)
        asked += 1
    s.step(f"{asked} queries of board and rules answer")
    wait_until("no alert", lambda: not ask(server, 'ALERTS{alertstate="firing"}'), 10)
    equal(value(server, "max(ledger_audit_found)"), 0, "findings")
    check(value(server, "sum(ledger_records_total)") >= 40, "records by verdict")
    for query in TRUE:
        wait_until(query, partial(ask, server, query), 15)
    s.step("nothing fires, and the figures are those of the chain")


def prometheus(s: Scenario, targets: list[str]) -> str:
    """A server that scrapes them; its address."""
    folder = s.folder / "prometheus"
    folder.mkdir()
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(DEPLOY / "prometheus" / "rules.yml")],
        "scrape_configs": [{"job_name": "blocklog", "static_configs": [{"targets": targets}]}],
    }
    # YAML takes JSON.
    (folder / "prometheus.yml").write_text(json.dumps(config))
    address = f"127.0.0.1:{ports.free(1)[0]}"
    argv = [
        shutil.which("prometheus"),
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}",
    ]
    process.Process("prometheus", argv, folder / "prometheus.log", cwd=folder).start()
    wait_until("Prometheus", lambda: tools.http(address, "/-/ready")[0] == 200, 30)
    return address


def panels() -> list[tuple[str, str]]:
    board = json.loads((DEPLOY / "grafana" / "blocklog.json").read_text())
    return [(p["title"], t["expr"]) for p in board["panels"] for t in p.get("targets", [])]


def rules() -> list[tuple[str, str]]:
    """The metrics of the rules: a rule that is well has no answer, what it looks at must have one."""
    text = (DEPLOY / "prometheus" / "rules.yml").read_text()
    metrics = {name for line in re.findall(r"expr: (.*)", text) for name in METRIC.findall(line)}
    return [(f"the rules' {name}", name) for name in sorted(metrics - SILENT_WHEN_WELL)]


def ask(server: str, query: str) -> list:
    status, body = tools.http(server, f"/api/v1/query?{urllib.parse.urlencode({'query': query})}")
    equal(status, 200, f"{query}: {body}")
    return json.loads(body)["data"]["result"]


def answered(server: str, query: str) -> bool:
    found = ask(server, query)
    if not found or any(one["value"][1] == "NaN" for one in found):
        raise Failure(f"the answer is {found}")
    return True


def value(server: str, query: str) -> float:
    found = ask(server, query)
    if not found:
        raise Failure(f"nothing answers {query}")
    return float(found[0]["value"][1])


if __name__ == "__main__":
    main(run, limit=240)
