"""The page of the audit log: filtered, page by page, and its text is never markup."""

from __future__ import annotations

from starlette.testclient import TestClient

from holdfast.access.roles import Role
from holdfast.records import audit
from holdfast.service.runtime import Runtime
from tests.api.conftest import make_runtime, pool, runtime, server
from tests.console.test_signin import add, browser, sign_in

__all__ = ["browser", "make_runtime", "pool", "runtime", "server"]


def test_rows_are_shown_newest_first_and_page_by_page(browser: TestClient, runtime: Runtime) -> None:
    ana = add(runtime, Role.AUDITOR, name="Ana <b>Ruiz</b>")
    sign_in(browser, runtime, ana)
    with runtime.database.write() as connection:
        for n in range(60):
            facts = {"label": "<script>"} if n == 59 else None
            audit.append(connection, actor=ana.subject, action="case.note", target=f"case:{n}", facts=facts)
    page = browser.get("/console/audit").text
    assert page.count("case.note") == 50 and "case:59" in page and "case:9<" not in page
    assert "<script>" not in page and "&lt;script&gt;" in page
    older = page.partition('class="pages"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    following = browser.get(older).text
    assert "case:9<" in following and "case:59<" not in following and "session.start" in following
    one = browser.get("/console/audit", params={"target": "case:7"}).text
    assert one.count("case.note") == 1
    assert "No such row" in browser.get("/console/audit", params={"who": "nobody"}).text
    with runtime.database.read() as connection:
        assert str(audit.head(connection)) in page
