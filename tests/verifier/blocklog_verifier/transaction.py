"""Records of the `transactions` topic, and the verdicts that need nothing but the record and the genesis."""

from typing import Any

from . import account, ed25519, wire
from .merkle import sha256

FIELDS: wire.Fields = {
    1: ("sender", "bytes"),
    2: ("recipient", "bytes"),
    3: ("amount", "uint64"),
    4: ("nonce", "uint64"),
    5: ("memo", "string"),
    6: ("valid_until", "uint64"),
    7: ("signature", "bytes"),
}
VERDICTS = (
    "INCLUDED",
    "TOO_LARGE",
    "UNDECODABLE",
    "BAD_ACCOUNT",
    "NAMES_NOT_ALLOWED",
    "MEMO_TOO_LARGE",
    "EMPTY",
    "BAD_SIGNATURE",
    "EXPIRED",
    "NONCE_TOO_LOW",
    "INSUFFICIENT_FUNDS",
    "BALANCE_OVERFLOW",
)
(
    INCLUDED,
    TOO_LARGE,
    UNDECODABLE,
    BAD_ACCOUNT,
    NAMES_NOT_ALLOWED,
    MEMO_TOO_LARGE,
    EMPTY,
    BAD_SIGNATURE,
    EXPIRED,
    NONCE_TOO_LOW,
    INSUFFICIENT_FUNDS,
    BALANCE_OVERFLOW,
) = range(len(VERDICTS))
MAX_RECORD, MAX_MEMO = 1024, 256


def signed_bytes(transaction: dict[str, Any], chain_id: bytes) -> bytes:
    """What the sender signs; its hash is the id."""
    memo = transaction["memo"].encode()
    return b"".join(
        (
            b"blocklog:tx:v1",
            chain_id,
            account.hashed(transaction["sender"]),
            account.hashed(transaction["recipient"]),
            transaction["amount"].to_bytes(8, "big"),
            transaction["nonce"].to_bytes(8, "big"),
            transaction["valid_until"].to_bytes(8, "big"),
            len(memo).to_bytes(2, "big"),
            memo,
        )
    )


def id_of(transaction: dict[str, Any], chain_id: bytes) -> bytes:
    """The id of a transaction whose accounts and memo are of their form."""
    return sha256(signed_bytes(transaction, chain_id))


def judge(record: bytes, chain_id: bytes, names: bool) -> tuple[int, dict[str, Any] | None]:
    """One of the verdicts 2 to 7, or INCLUDED as far as the record alone says; and the transaction if it decodes."""
    try:
        transaction = wire.decode(FIELDS, record)
    except wire.Malformed:
        return UNDECODABLE, None
    return _judge(transaction, chain_id, names), transaction


def _judge(transaction: dict[str, Any], chain_id: bytes, names: bool) -> int:
    sender, recipient = transaction["sender"], transaction["recipient"]
    if not account.well_formed(sender):
        return BAD_ACCOUNT
    if not account.well_formed(recipient) if recipient else transaction["amount"] > 0:
        return BAD_ACCOUNT
    if not names and (account.is_name(sender) or account.is_name(recipient)):
        return NAMES_NOT_ALLOWED
    if len(transaction["memo"].encode()) > MAX_MEMO:
        return MEMO_TOO_LARGE
    if transaction["amount"] == 0 and not transaction["memo"]:
        return EMPTY
    signature = transaction["signature"]
    if account.is_key(sender):
        genuine = ed25519.verify(sender, signature, signed_bytes(transaction, chain_id))
    else:
        genuine = not signature
    return INCLUDED if genuine else BAD_SIGNATURE
