"""A broker that wants TLS and a password: its own authority, its certificate, its users."""

import subprocess
from pathlib import Path
from typing import Any

from . import ports
from .kafka import Cluster
from .process import Failure

# Whom the broker knows, and how; the password of the one is no good for the other.
SCRAM_USER, SCRAM_PASSWORD = "alice", "scram-wonderland"
PLAIN_USER, PLAIN_PASSWORD = "bob", "plain-looking-glass"
_LOGIN = "org.apache.kafka.common.security"


def _openssl(*words: object, folder: Path) -> None:
    done = subprocess.run(["openssl", *map(str, words)], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    if done.returncode != 0:
        raise Failure(f"openssl {words[0]}: {done.stderr.decode()}")


def authority(folder: Path, name: str) -> Path:
    """A new authority; the file of its certificate, with its key beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    words = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-days", 2]
    _openssl("req", "-x509", *words, "-keyout", f"{name}.key", "-out", f"{name}.pem", folder=folder)
    return folder / f"{name}.pem"


def certificate(issuer: Path, name: str, address: str) -> Path:
    """A server's key and certificate for an IP address, in one file as the broker wants it."""
    folder = issuer.parent
    words = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}"]
    _openssl(
        "req",
        "-new",
        *words,
        "-addext",
        f"subjectAltName=IP:{address}",
        "-keyout",
        f"{name}.key",
        "-out",
        f"{name}.csr",
        folder=folder,
    )
    signed = ["-CA", issuer, "-CAkey", issuer.with_suffix(".key"), "-CAcreateserial", "-copy_extensions", "copy", "-days", 2]
    _openssl("x509", "-req", "-in", f"{name}.csr", *signed, "-out", f"{name}.crt", folder=folder)
    both = folder / f"{name}.pem"
    both.write_text((folder / f"{name}.key").read_text() + (folder / f"{name}.crt").read_text() + issuer.read_text())
    return both


class SecureCluster(Cluster):
    """One broker: SASL_SSL for clients at `secure`; the plain listener at `bootstrap` is for those who look on."""

    def __init__(self, folder: Path):
        super().__init__(1, folder)
        (self.secure_port,) = ports.free(1)
        self.secure = f"127.0.0.1:{self.secure_port}"
        self.ca = authority(self.folder / "tls", "authority")
        self.stranger = authority(self.folder / "tls", "stranger")
        (broker,) = self.brokers
        listener = "listener.name.sasl_ssl"
        broker.settings = {
            "listeners": f"PLAINTEXT://{broker.address},SASL_SSL://{self.secure},CONTROLLER://127.0.0.1:{broker.controller_port}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
            f"{listener}.scram-sha-512.sasl.jaas.config": f"{_LOGIN}.scram.ScramLoginModule required;",
            f"{listener}.plain.sasl.jaas.config": f'{_LOGIN}.plain.PlainLoginModule required user_{PLAIN_USER}="{PLAIN_PASSWORD}";',
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": certificate(self.ca, "broker", "127.0.0.1"),
        }
        broker.format_flags = ["--add-scram", f"SCRAM-SHA-512=[name={SCRAM_USER},password={SCRAM_PASSWORD}]"]


def properties(path: Path, changes: dict[str, Any] | None = None, mode: int = 0o600) -> Path:
    """A file for --kafka-config; `changes` come last, None leaves a line out."""
    lines = {"security.protocol": "SASL_SSL", "sasl.mechanisms": "SCRAM-SHA-512", "sasl.username": SCRAM_USER}
    lines |= {"sasl.password": SCRAM_PASSWORD, **(changes or {})}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}={value}\n" for name, value in lines.items() if value is not None))
    path.chmod(mode)
    return path
