"""What docker-compose.yml, deploy/Dockerfile and deploy/k8s name, held against schemas and the binaries themselves.

Needs the binaries of the development profile, `kustomize` and `kubernetes-validate` on the PATH, and Go.
"""

import functools
import json
import os
import re
import subprocess
import sys
import unittest
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from blocklog_harness import paths

ROOT = Path(__file__).resolve().parents[2]

BASE = ROOT / "deploy" / "k8s" / "base"
KUBERNETES = "1.32"
SERVICES = {"ingest", "miner", "ledger", "explorer"}
# Which settings are addresses that a container listens on.
LISTENS = {"BLOCKLOG_LISTEN": "grpc", "BLOCKLOG_ADMIN": "admin", "BLOCKLOG_WEB": "web"}


@dataclass
class Container:
    """One container, wherever it is described."""

    name: str
    argv: list[str]
    env: dict[str, str]
    ports: set[int]
    mounts: dict[str, str]
    health: list[str] = field(default_factory=list)
    replicas: int = 1

    @property
    def binary(self) -> str:
        return self.argv[0]

    def listens(self) -> dict[str, int]:
        """Port by its purpose."""
        return {what: int(self.env[name].rpartition(":")[2]) for name, what in LISTENS.items() if name in self.env}


def output(*argv, cwd: Path = ROOT) -> str:
    done = subprocess.run(list(map(str, argv)), cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(f"{argv} ended with {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


@functools.cache
def compose() -> dict:
    """The compose file as `docker compose` understands it."""
    return json.loads(output("go", "run", ".", ROOT / "docker-compose.yml", cwd=ROOT / "tests" / "deploy" / "compose"))


@functools.cache
def manifests() -> tuple[dict, ...]:
    return tuple(yaml.safe_load_all(output("kustomize", "build", BASE)))


def of_kind(*kinds: str) -> list[dict]:
    return [manifest for manifest in manifests() if manifest["kind"] in kinds]


@functools.cache
def in_compose() -> tuple[Container, ...]:
    found = []
    for name, service in compose()["services"].items():
        if name == "kafka":
            continue
        mounts = {volume["target"]: volume["source"] for volume in service.get("volumes", [])}
        ports = {port["target"] for port in service.get("ports", [])}
        health = service["healthcheck"]["test"]
        found.append(Container(name, service["command"], service["environment"], ports, mounts, health))
    return tuple(found)


@functools.cache
def in_kubernetes() -> tuple[Container, ...]:
    maps = {manifest["metadata"]["name"]: manifest["data"] for manifest in of_kind("ConfigMap")}
    found = []
    for manifest in of_kind("Deployment", "StatefulSet"):
        spec = manifest["spec"]["template"]["spec"]
        (one,) = spec["containers"]
        env: dict[str, str] = {}
        for source in one.get("envFrom", []):
            env |= maps[source["configMapRef"]["name"]]
        for variable in one["env"]:
            env[variable["name"]] = variable.get("value") or from_field(variable["valueFrom"])
        volumes = {volume["name"]: volume["configMap"]["name"] for volume in spec.get("volumes", [])}
        volumes |= {claim["metadata"]["name"]: "claim" for claim in manifest["spec"].get("volumeClaimTemplates", [])}
        mounts: dict[str, str] = {}
        for mount in one.get("volumeMounts", []):
            source = volumes[mount["name"]]
            files = maps.get(source)
            mounts |= {f"{mount['mountPath']}/{file}": file for file in files} if files else {mount["mountPath"]: source}
        ports = {port["containerPort"] for port in one["ports"]}
        name = manifest["metadata"]["name"]
        argv = one["command"] + one.get("args", [])
        found.append(Container(name, argv, env, ports, mounts, replicas=manifest["spec"]["replicas"]))
    return tuple(found)


def from_field(source: dict) -> str:
    """What the kubelet would write for the first pod."""
    values = {"metadata.name": "miner-0", "metadata.labels['apps.kubernetes.io/pod-index']": "0"}
    return values[source["fieldRef"]["fieldPath"]]


@functools.cache
def words(binary: str) -> tuple[set[str], set[str]]:
    """Flags and variables of a binary, by its own --help."""
    text = output(paths.binary(binary), "--help")
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text)), set(re.findall(r"\[env: ([A-Z_]+)=", text))


def run(container: Container, *more: str) -> subprocess.CompletedProcess:
    """The container's command here, with its own variables and no others of Blocklog's."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("BLOCKLOG_")}
    return subprocess.run(
        [paths.binary(container.binary), *container.argv[1:], *more],
        env=inherited | container.env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
    )


class Everywhere(unittest.TestCase):
    """What holds for each container, in compose and in Kubernetes."""

    def each(self):
        for where, containers in (("compose", in_compose()), ("kubernetes", in_kubernetes())):
            for container in containers:
                with self.subTest(where=where, container=container.name):
                    yield container

    def test_all_services_are_there(self):
        for containers in (in_compose(), in_kubernetes()):
            self.assertEqual({one.binary.removeprefix("blocklog-") for one in containers}, SERVICES)

    def test_flags_and_variables_are_those_of_the_binary(self):
        for container in self.each():
            flags, variables = words(container.binary)
            used = {word.partition("=")[0] for word in container.argv[1:] if word.startswith("--")}
            self.assertLessEqual(used, flags)
            self.assertLessEqual({name for name in container.env if name.startswith("BLOCKLOG_")}, variables)

    def test_the_binary_understands_all_values(self):
        # A grace that is too long is refused after all else has been parsed, and before anything is opened.
        for container in self.each():
            done = run(container, "--shutdown-grace=1h")
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("--shutdown-grace: at most", done.stderr)

    def test_ports_are_those_that_are_listened_on(self):
        for container in self.each():
            listens = set(container.listens().values())
            if container.ports:
                self.assertEqual(container.ports, listens)
            for name in LISTENS:
                if name in container.env:
                    self.assertTrue(container.env[name].startswith("0.0.0.0:"), f"{name} is for this container only")

    def test_urls_lead_to_a_port_that_is_listened_on(self):
        for containers in (in_compose(), in_kubernetes()):
            hosts = {one.name: one.listens()["grpc"] for one in containers}
            # Pods of a StatefulSet have names of their own, below that of the service.
            hosts |= {f"{one.name}-{n}.{one.name}": one.listens()["grpc"] for one in containers for n in range(one.replicas)}
            for container in containers:
                for name in ("BLOCKLOG_LEDGER", "BLOCKLOG_MINER"):
                    for url in filter(None, container.env.get(name, "").split(",")):
                        with self.subTest(container=container.name, url=url):
                            self.assertEqual(hosts[urlsplit(url).hostname or ""], urlsplit(url).port)

    def test_paths_are_mounted(self):
        for container in self.each():
            for name in ("BLOCKLOG_GENESIS", "BLOCKLOG_DATA"):
                if name in container.env:
                    self.assertIn(container.env[name], container.mounts)
            self.assertEqual("BLOCKLOG_DATA" in container.env, container.binary in ("blocklog-miner", "blocklog-ledger"))

    def test_every_partition_has_its_miner(self):
        partitions = set(range(json.loads((BASE / "genesis.json").read_text())["partitions"]))
        miners = [one for one in in_compose() if one.binary == "blocklog-miner"]
        pinned = [int(word.partition("=")[2]) for one in miners for word in one.argv if word.startswith("--partition=")]
        self.assertEqual(sorted(pinned), sorted(partitions))
        (miner,) = [one for one in in_kubernetes() if one.binary == "blocklog-miner"]
        self.assertEqual(set(range(miner.replicas)), partitions)
        (explorer,) = [one for one in in_kubernetes() if one.binary == "blocklog-explorer"]
        self.assertEqual(len(explorer.env["BLOCKLOG_MINER"].split(",")), miner.replicas)

    def test_the_genesis_is_one(self):
        shown = json.loads(output(paths.binary("blocklog"), "genesis", "show", BASE / "genesis.json", "--output", "json"))
        self.assertEqual(len(shown["chainId"]), 64)


class Compose(unittest.TestCase):
    def test_health_is_asked_by_the_binary_itself(self):
        for container in in_compose():
            with self.subTest(container=container.name):
                self.assertEqual(container.health, ["CMD", container.binary, "healthcheck"])
                # Nothing listens on port 1: the subcommand is there, and says so.
                alone = Container("", [container.binary, "healthcheck"], {"BLOCKLOG_ADMIN": "0.0.0.0:1"}, set(), {})
                done = run(alone)
                self.assertEqual((done.returncode, "no answer" in done.stderr), (1, True), done.stderr)

    def test_published_on_this_machine_only(self):
        for name, service in compose()["services"].items():
            for port in service.get("ports", []):
                self.assertEqual(port["host_ip"], "127.0.0.1", name)

    def test_kafka_is_set_up_to_lose_nothing(self):
        kafka = compose()["services"]["kafka"]
        env = kafka["environment"]
        self.assertIn(env["KAFKA_LOG_DIRS"], [volume["target"] for volume in kafka["volumes"]])
        self.assertEqual(env["KAFKA_UNCLEAN_LEADER_ELECTION_ENABLE"], "false")
        self.assertEqual(env["KAFKA_AUTO_CREATE_TOPICS_ENABLE"], "false")
        listeners = set(re.findall(r"(\w+)://", env["KAFKA_LISTENERS"]))
        secured = set(re.findall(r"(\w+):PLAINTEXT", env["KAFKA_LISTENER_SECURITY_PROTOCOL_MAP"]))
        self.assertEqual(listeners, secured)
        advertised = re.findall(r"\w+://([^,]+)", env["KAFKA_ADVERTISED_LISTENERS"])
        for container in in_compose():
            if "BLOCKLOG_JOURNAL" in container.env:
                self.assertIn(urlsplit(container.env["BLOCKLOG_JOURNAL"]).netloc, advertised)
        for address in advertised:
            if address.startswith("127.0.0.1:"):
                self.assertIn(address.partition(":")[2], [port["published"] for port in kafka["ports"]])


class Kubernetes(unittest.TestCase):
    def test_the_schemas_hold_strictly(self):
        text = output("kustomize", "build", BASE)
        command = [sys.executable, "-m", "kubernetes_validate", "--strict", "-k", KUBERNETES, "-"]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_probes_ask_the_admin_port(self):
        for manifest in of_kind("Deployment", "StatefulSet"):
            (container,) = manifest["spec"]["template"]["spec"]["containers"]
            ports = {port["name"]: port["containerPort"] for port in container["ports"]}
            self.assertEqual(container["livenessProbe"]["httpGet"], {"path": "/live", "port": "admin"})
            self.assertEqual(container["readinessProbe"]["httpGet"], {"path": "/ready", "port": "admin"})
            described = {one.name: one for one in in_kubernetes()}[manifest["metadata"]["name"]]
            self.assertEqual(ports, described.listens())

    def test_services_lead_to_their_pods(self):
        pods = {m["metadata"]["name"]: m["spec"]["template"] for m in of_kind("Deployment", "StatefulSet")}
        for service in of_kind("Service"):
            template = pods[service["metadata"]["name"]]
            self.assertLessEqual(service["spec"]["selector"].items(), template["metadata"]["labels"].items())
            names = {port["name"] for port in template["spec"]["containers"][0]["ports"]}
            self.assertLessEqual({port["targetPort"] for port in service["spec"]["ports"]}, names)
        headless = {s["metadata"]["name"] for s in of_kind("Service") if s["spec"].get("clusterIP") == "None"}
        self.assertEqual({m["spec"]["serviceName"] for m in of_kind("StatefulSet")}, headless)

    def test_admin_ports_are_for_probes_and_scrapes_of_the_pod_alone(self):
        for service in of_kind("Service"):
            served = [port["targetPort"] for port in service["spec"]["ports"]]
            self.assertNotIn("admin", served, service["metadata"]["name"])

    def test_pods_may_do_no_more_than_they_need(self):
        for manifest in of_kind("Deployment", "StatefulSet"):
            spec = manifest["spec"]["template"]["spec"]
            # Else a service named blocklog would put BLOCKLOG_PORT into every pod.
            self.assertIs(spec["enableServiceLinks"], False)
            self.assertIs(spec["automountServiceAccountToken"], False)
            self.assertIs(spec["securityContext"]["runAsNonRoot"], True)
            self.assertEqual(spec["securityContext"]["runAsUser"], image_user())
            self.assertEqual(spec["securityContext"]["fsGroup"], image_user())
            own = spec["containers"][0]["securityContext"]
            self.assertEqual((own["allowPrivilegeEscalation"], own["readOnlyRootFilesystem"]), (False, True))
            # Longer than --shutdown-grace, whose default is 20 s.
            self.assertGreaterEqual(spec["terminationGracePeriodSeconds"], 25)


def dockerfile() -> str:
    return (ROOT / "deploy" / "Dockerfile").read_text().replace("\\\n", " ")


def image_user() -> int:
    [user] = re.findall(r"^USER (\d+)", dockerfile(), re.MULTILINE)
    return int(user)


class Image(unittest.TestCase):
    def test_it_holds_every_binary_that_is_built_and_no_other(self):
        copied = set(re.findall(r"/src/target/release/(\S+)", dockerfile()))
        used = {container.binary for container in in_compose() + in_kubernetes()}
        self.assertLessEqual(used, copied)
        packages = set(re.findall(r" -p (\S+)", dockerfile()))
        metadata = json.loads(output("cargo", "metadata", "--no-deps", "--format-version", "1", "--offline"))
        bins = {
            target["name"]
            for package in metadata["packages"]
            if package["name"] in packages
            for target in package["targets"]
            if "bin" in target["kind"]
        }
        self.assertEqual(copied, bins)

    def test_what_it_copies_is_not_ignored(self):
        ignored = (ROOT / ".dockerignore").read_text().split()
        for member in ["Cargo.toml", "Cargo.lock", "proto", "crates", "services", "tests", "deploy/data"]:
            self.assertTrue((ROOT / member).exists(), member)
            self.assertIn(f"!{member}", ignored)

    def test_it_has_the_libraries_that_the_binaries_load(self):
        packages = {"libssl.so.3": "libssl3", "libcrypto.so.3": "libssl3", "libz.so.1": "zlib1g"}
        # Every Debian has these.
        there = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2"}
        [line] = re.findall(r"^RUN apt-get update .*? install .*?$", dockerfile(), re.MULTILINE)
        installed = set(line.split())
        for binary in {container.binary for container in in_compose() + in_kubernetes()}:
            needed = set(re.findall(r"\(NEEDED\)\s+Shared library: \[(.+?)\]", output("readelf", "-d", paths.binary(binary))))
            self.assertLessEqual({packages[library] for library in needed - there}, installed, binary)
        # Without it no authority is trusted but those that ssl.ca.location names.
        self.assertIn("ca-certificates", installed)

    def test_it_does_not_run_as_root(self):
        self.assertGreater(image_user(), 0)


if __name__ == "__main__":
    unittest.main()
