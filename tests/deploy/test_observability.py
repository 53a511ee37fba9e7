"""The Compose profile `observability`: what collector, Prometheus and Grafana are told leads to services that are there.

Needs `promtool` on the PATH. Whether the queries answer is seen in tests/e2e/observability.py.
"""

import json
import os
import shutil
import subprocess
import unittest
from pathlib import Path
from urllib.parse import urlsplit

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
PROFILE = {"collector", "jaeger", "prometheus", "grafana"}
# Where the images of others listen, by their documentation.
LISTENS = {"collector:4317", "jaeger:4317", "jaeger:16686", "prometheus:9090"}


def load(path: Path) -> dict:
    return yaml.safe_load(path.read_text())


def services() -> dict:
    return load(ROOT / "docker-compose.yml")["services"]


def mounted(service: str, target: str) -> Path:
    """The file of this repository that a service of the profile finds at a path."""
    for volume in services()[service]["volumes"]:
        source, inside, _ = volume.split(":")
        if Path(target).is_relative_to(inside):
            return ROOT / source / Path(target).relative_to(inside)
    raise AssertionError(f"{service} has nothing at {target}")


class Collector(unittest.TestCase):
    def test_its_pipelines_are_made_of_what_is_defined(self):
        command = services()["collector"]["command"]
        config = load(mounted("collector", command[0].removeprefix("--config=")))
        for name, pipeline in config["service"]["pipelines"].items():
            for kind in ("receivers", "processors", "exporters"):
                self.assertLessEqual(set(pipeline[kind]), set(config[kind]), f"{name}: {kind}")
            # It must refuse before it has no memory left to batch with.
            self.assertEqual(pipeline["processors"][0], "memory_limiter", name)
        for name, exporter in config["exporters"].items():
            self.assertIn(exporter["endpoint"], LISTENS, name)
        port = config["receivers"]["otlp"]["protocols"]["grpc"]["endpoint"].rpartition(":")[2]
        self.assertIn(f"OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:{port}", (ROOT / "docker-compose.yml").read_text())


class Prometheus(unittest.TestCase):
    def test_it_scrapes_every_admin_port(self):
        config = load(mounted("prometheus", "/etc/prometheus/prometheus.yml"))
        (job,) = config["scrape_configs"]
        admin = {
            f"{name}:{service['environment']['BLOCKLOG_ADMIN'].rpartition(':')[2]}"
            for name, service in services().items()
            if "BLOCKLOG_ADMIN" in service.get("environment", {})
        }
        self.assertEqual({target for group in job["static_configs"] for target in group["targets"]}, admin)
        self.assertIn(f'job="{job["job_name"]}"', (DEPLOY / "prometheus" / "rules.yml").read_text())

    def test_promtool_takes_its_files(self):
        if not shutil.which("promtool") and os.environ.get("CI") != "true":
            self.skipTest("apt-get install prometheus")
        for command in (["check", "config", "prometheus.yml"], ["test", "rules", "rules_test.yml"]):
            done = subprocess.run(["promtool", *command], cwd=DEPLOY / "prometheus", capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Grafana(unittest.TestCase):
    board = json.loads((DEPLOY / "grafana" / "blocklog.json").read_text())

    def test_the_board_is_found_and_asks_a_source_that_is_there(self):
        sources = load(mounted("grafana", "/etc/grafana/provisioning/datasources/blocklog.yaml"))["datasources"]
        for source in sources:
            self.assertIn(urlsplit(source["url"]).netloc, LISTENS)
        asked = {panel["datasource"]["uid"] for panel in self.board["panels"] if panel["type"] != "row"}
        self.assertLessEqual(asked, {source["uid"] for source in sources})
        (provider,) = load(mounted("grafana", "/etc/grafana/provisioning/dashboards/blocklog.yaml"))["providers"]
        home = services()["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
        self.assertTrue(Path(home).is_relative_to(provider["options"]["path"]))
        self.assertEqual(json.loads(mounted("grafana", home).read_text())["uid"], self.board["uid"])

    def test_panels_lie_beside_each_other(self):
        taken: dict[tuple[int, int], str] = {}
        for panel in self.board["panels"]:
            at = panel["gridPos"]
            self.assertLessEqual(at["x"] + at["w"], 24, panel["title"])
            for x in range(at["x"], at["x"] + at["w"]):
                for y in range(at["y"], at["y"] + at["h"]):
                    self.assertEqual(taken.setdefault((x, y), panel["title"]), panel["title"])
        ids = [panel["id"] for panel in self.board["panels"]]
        self.assertEqual(len(ids), len(set(ids)))


class Profile(unittest.TestCase):
    def test_it_is_asked_for(self):
        asked = {name for name, service in services().items() if service.get("profiles") == ["observability"]}
        self.assertEqual(asked, PROFILE)


if __name__ == "__main__":
    unittest.main()
