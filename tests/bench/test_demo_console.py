"""The demo's console has something on every page, and its links sign somebody in once."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.access.links import redeem_link
from holdfast.access.roles import Role
from holdfast.bench.demo_console import fill_console
from holdfast.bench.demo_service import demo_service
from holdfast.errors import NotAuthenticatedError
from holdfast.records.home import Home
from holdfast.review.approvals import list_approvals
from holdfast.review.cases import CaseFilter, list_cases
from holdfast.review.notices import list_notices
from tests.pictures import encoded, picture


def test_a_filled_console(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.jpg" for number in range(4)]
    for number, path in enumerate(paths):
        path.write_bytes(encoded(picture(number)))
    with demo_service(paths[:3], paths[3], for_people=True) as service:
        people = fill_console(service, [(path, "the same file", path.stem) for path in paths[:3]])
        assert people.lead.startswith(f"{service.console_url}/sign-in/link#")
        with Home(service.home).database() as database:
            with database.read() as connection:
                every = list_cases(connection, CaseFilter(state=None))
                assert len(list_approvals(connection)) == 1 and len(list_notices(connection)) == 1
            assert {case.kind for case in every} == {"match", "notice", "text"}
            assert {case.state for case in every} == {"open", "waiting"}
            assert [case.account for case in every if case.priority == 0] == ["user-0112"]
            token = people.lead.partition("#")[2]
            with database.write() as connection:
                assert Role.LEAD in redeem_link(connection, token).roles
            with pytest.raises(NotAuthenticatedError), database.write() as connection:
                redeem_link(connection, token)
