"""Who is asking: what every room above gets to see of a key or of a person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from holdfast.access.limits import KeyLimits
from holdfast.access.roles import Permission, Role, permissions_of
from holdfast.errors import NotAllowedError
from holdfast.records.bank_scope import ALL_BANKS, is_named

__all__ = ["ALL_BANKS", "BankScope", "Principal"]


@dataclass(frozen=True, slots=True)
class BankScope:
    """The banks that a key may see and change, by name; a trailing ``*`` stands for any ending.

    ``("COOP_*",)`` lets a client create banks whose names are not known yet. What may be changed may
    be seen. Scopes go by name: a route that renames a bank asks for the old and for the new name.
    """

    see: tuple[str, ...] = ALL_BANKS
    change: tuple[str, ...] = ALL_BANKS

    @property
    def seen(self) -> tuple[str, ...]:
        """All that may be seen, for the conditions of `records.bank_scope`."""
        return (*self.see, *self.change)

    def may_see(self, bank: str) -> bool:
        return is_named(bank, self.seen)

    def may_change(self, bank: str) -> bool:
        return is_named(bank, self.change)


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

    def require_bank(self, bank: str | None, *, change: bool = False) -> None:
        """Nothing, or `NotAllowedError` when the bank lies outside the key's scope.

        None is a bank that is gone: what came of it is for keys that see all banks.
        """
        name = bank or ""
        if not (self.banks.may_change(name) if change else self.banks.may_see(name)):
            which = "a bank that is gone" if bank is None else f"the bank {bank!r}"
            raise NotAllowedError(
                f"{self._named_as} may not {'change' if change else 'see'} {which}. "
                "Nothing was done. Use a key whose bank list names it."
            )

    @property
    def _named_as(self) -> str:
        return self.name if self.subject.startswith("person:") else f"the key {self.name!r}"
