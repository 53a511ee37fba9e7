"""A chain on brokers that want TLS and a password."""

from pathlib import Path

from blocklog_harness import load, secure, services, tools
from blocklog_harness.scenario import Scenario, check, contains, equal, main


def run(s: Scenario) -> None:
    """TLS with SCRAM and PLAIN end to end; a wrong password, a strange authority and an open file are refused by name."""
    cluster = s.secure_cluster()
    trusted = {"ssl.ca.location": cluster.ca}
    config = secure.properties(s.folder / "kafka.properties", trusted)
    s.step("a broker with a SASL_SSL listener runs")
    net = s.net(bootstrap=cluster.secure, prefix="vault")
    refused(s, net, trusted, cluster)
    chain(s, net, config, trusted)


def given(net: services.Net, config: Path) -> list:
    return ["--journal", net.journal, "--kafka-config", config]


def refused(s: Scenario, net: services.Net, trusted: dict, cluster: secure.SecureCluster) -> None:
    folder = s.folder / "refused"
    wrong = secure.properties(folder / "password", trusted | {"sasl.password": "wonderland-of-others"})
    strange = secure.properties(folder / "authority", {"ssl.ca.location": cluster.stranger})
    open_to_all = secure.properties(folder / "open", trusted, mode=0o644)
    token = secure.properties(folder / "token", trusted | {"sasl.mechanisms": "OAUTHBEARER"})
    cases = [
        (wrong, 5, ["authentication", "sasl.password", "--kafka-config"]),
        (strange, 5, ["certificate", "ssl.ca.location", "--kafka-config"]),
        (open_to_all, 2, ["--kafka-config", str(open_to_all), "chmod 600"]),
        (token, 2, ["sasl.mechanisms", "SCRAM-SHA-512"]),
    ]
    service = net.ledger("refused", "--kafka-config", wrong)
    answers = [("init", wrong, *cases[0][1:], ["--genesis", net.genesis])]
    answers += [("verify", config, code, words, []) for config, code, words in cases]
    for command, config, code, words, more in answers:
        answer = tools.blocklog(command, *more, *given(net, config), code=None, seconds=45)
        contains(answer.err, words, f"`blocklog {command}` with {config.name}")
        equal(answer.code, code, f"exit code of `blocklog {command}` with {config.name}")
    found = service.wait(45)
    check(found > 0, f"a ledger with a wrong password ended with {found}")
    contains(service.output(), ["authentication", "sasl.password", "--kafka-config"], "the log of a ledger with a wrong password")
    net.services.remove(service)
    check("wonderland-of-others" not in service.output(), "a password is in the log")
    s.step("a wrong password, a strange authority, a file open to all, OAUTHBEARER: each is named, with what to do")


def chain(s: Scenario, net: services.Net, config: Path, trusted: dict) -> None:
    password = trusted | {"sasl.mechanisms": "PLAIN", "sasl.username": secure.PLAIN_USER, "sasl.password": secure.PLAIN_PASSWORD}
    plain = secure.properties(s.folder / "plain.properties", password)
    tools.blocklog("init", "--genesis", net.genesis, *given(net, config))
    ledger = net.ledger("ledger", "--kafka-config", config)
    net.miner("miner-0", 0, "--partition", 1, "--kafka-config", plain)
    careless: dict[str, str | None] = {"ssl.ca.location": None, "enable.ssl.certificate.verification": "false"}
    unchecked = secure.properties(s.folder / "unchecked.properties", careless)
    ingest = net.ingest("ingest", "--ledger", ledger.url, "--kafka-config", unchecked)
    net.await_ready()
    load.submit(ingest, load.rounds(senders=5, per_sender=4))
    info = services.await_included(ledger, 20)
    verified = tools.blocklog("verify", *given(net, plain), "--tip", info["tip"]["hash"]).json
    equal(verified["tip"], info["tip"]["hash"], "the tip that was verified")
    exported = tools.blocklog("export", s.folder / "chain.export", *given(net, config)).json
    check(int(exported["records"]) > int(info["tip"]["height"]), f"the export has {exported['records']} candidates")
    s.step("ingest, miner, ledger, verify and export over SASL_SSL, by SCRAM-SHA-512 and by PLAIN")
    contains(ingest.output(), ["certificates are NOT checked"], "the log of an ingest that checks no certificate")
    for other in net.services:
        check((other is ingest) == ("NOT checked" in other.output()), f"{other.name} and the check of certificates")
    for service in net.services:
        secrets = [secure.SCRAM_PASSWORD, secure.PLAIN_PASSWORD]
        words = Path(f"/proc/{service.pid}/cmdline").read_text() + Path(f"/proc/{service.pid}/environ").read_text()
        for secret in secrets:
            check(secret not in service.output(), f"a password is in the log of {service.name}")
            check(secret not in words, f"a password is in the words or the environment of {service.name}")
        equal(service.stop(), 0, f"exit code of {service.name}")
    s.step("no password in a log, a command line or an environment; certificates that are not checked are warned of")


if __name__ == "__main__":
    main(run, limit=240)
