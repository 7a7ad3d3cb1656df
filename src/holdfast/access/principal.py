"""Who is asking: what every room above gets to see of a key or of a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from holdfast.access.limits import KeyLimits
from holdfast.access.roles import Permission, Role, permissions_of
from holdfast.errors import NotAllowedError

__all__ = ["ALL_BANKS", "BankScope", "Principal"]

ALL_BANKS = ("*",)


@dataclass(frozen=True, slots=True)
class BankScope:
    """The banks that a key may see and change, by name; a trailing ``*`` stands for any ending.

    ``("COOP_*",)`` lets a client create banks whose names are not known yet. What may be changed may
    be seen. Scopes go by name: a route that renames a bank asks for the old and for the new name.
    """

    see: tuple[str, ...] = ALL_BANKS
    change: tuple[str, ...] = ALL_BANKS

    def may_see(self, bank: str) -> bool:
        return _named(bank, self.see) or _named(bank, self.change)

    def may_change(self, bank: str) -> bool:
        return _named(bank, self.change)


@dataclass(frozen=True, slots=True)
class Principal:
    """A key or person that was recognised. ``subject`` names it in audit rows and limits; no secret."""

    subject: str
    name: str
    roles: frozenset[Role]
    grants: frozenset[Permission] = frozenset()
    banks: BankScope = BankScope()
    limits: KeyLimits | None = None
    _permissions: frozenset[Permission] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        held: Iterable[Permission] = permissions_of(self.roles) | self.grants
        if Permission.HMA_PATH_KEY in self.grants:
            # A key that stands in URLs ends up in other people's logs: it opens nothing but that API.
            held = (permission for permission in held if permission.startswith("hma."))
        object.__setattr__(self, "_permissions", frozenset(held))

    def allows(self, permission: str) -> bool:
        """Whether a role or a grant carries it. An unknown permission is denied."""
        return permission in self._permissions

    def require(self, permission: str) -> None:
        """Nothing, or `NotAllowedError`."""
        if permission not in self._permissions:
            roles = ", ".join(sorted(self.roles)) or "no role"
            raise NotAllowedError(
                f"This needs the permission {permission}; {self._named_as} ({roles}) does not carry it. "
                "Nothing was done. It takes a role that does."
            )

    def require_bank(self, bank: str, *, change: bool = False) -> None:
        """Nothing, or `NotAllowedError` when the bank lies outside the key's scope."""
        if not (self.banks.may_change(bank) if change else self.banks.may_see(bank)):
            raise NotAllowedError(
                f"{self._named_as} may not {'change' if change else 'see'} the bank {bank!r}. "
                "Nothing was done. Use a key whose bank list names it."
            )

    @property
    def _named_as(self) -> str:
        return self.name if self.subject.startswith("person:") else f"the key {self.name!r}"


def _named(bank: str, patterns: tuple[str, ...]) -> bool:
    return any(bank.startswith(p[:-1]) if p.endswith("*") else bank == p for p in patterns)
