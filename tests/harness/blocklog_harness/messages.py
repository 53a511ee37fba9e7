"""How `blocklog.ledger.v1` spells what records hold: accounts, transactions, and which fields are left out."""

from typing import Any

from blocklog_verifier import account, transaction


def message(**fields: Any) -> dict[str, Any]:
    """A message as it is sent: what is empty is left out, a number is not."""
    number = lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)
    return {name: value for name, value in fields.items() if value or number(value)}


def text(owner: bytes) -> str:
    """An account as replies show it; empty for none, and for what only looks like one."""
    return account.text(owner) if account.well_formed(owner) else ""


def spelt(owner: bytes) -> str:
    """An account of a record, whatever it is."""
    return text(owner) or (f"0x{owner.hex()}" if owner else "")


def shown(moved: dict[str, Any], chain_id: bytes) -> dict[str, Any]:
    """A transaction as replies show it."""
    sender, recipient, memo = moved["sender"], moved["recipient"], moved["memo"]
    named = account.well_formed(sender) and (not recipient or account.well_formed(recipient))
    named = named and len(memo.encode()) <= transaction.MAX_MEMO
    return message(
        id=transaction.id_of(moved, chain_id).hex() if named else "",
        sender=spelt(sender),
        recipient=spelt(recipient),
        amount=moved["amount"],
        nonce=moved["nonce"],
        memo=memo,
        valid_until=moved["valid_until"],
        signature=moved["signature"].hex(),
    )
