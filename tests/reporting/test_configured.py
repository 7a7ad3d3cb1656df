"""Settings of reports: which service, whose credentials, and that neither is ever taken for the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.errors import DestinationError, SettingsError
from holdfast.reporting.configured import cybertipline, find_credentials, open_client, reporter
from holdfast.settings import ReportingSettings

FILE = """
[test]
user = "tester"
password = "only for tests"

[production]
user = "company"
password = "very secret"
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "cybertipline.toml"
    path.write_text(FILE)
    path.chmod(0o600)
    return path


def test_each_environment_has_its_own_credentials(home: Path, file: Path) -> None:
    for environment, user in (("test", "tester"), ("production", "company")):
        found = find_credentials(
            ReportingSettings(environment=environment, credentials_file=file),  # type: ignore[arg-type]
            home,
            {},
        )
        assert found is not None and found.user == user
        assert found.password not in repr(found)


def test_the_environment_goes_before_the_file(home: Path, file: Path) -> None:
    variables = {"HOLDFAST_CYBERTIPLINE_TEST_USER": "u", "HOLDFAST_CYBERTIPLINE_TEST_PASSWORD": "p"}
    settings = ReportingSettings(credentials_file=file)
    found = find_credentials(settings, home, variables)
    assert found is not None and found.user == "u"
    production = settings.model_copy(update={"environment": "production"})
    other = find_credentials(production, home, variables)  # a test's variables are no production's
    assert other is not None and other.user == "company"


def test_none_at_all_is_not_set_up_and_half_a_pair_is_an_error(home: Path) -> None:
    assert find_credentials(ReportingSettings(), home, {}) is None
    with pytest.raises(SettingsError, match="not whole"):
        find_credentials(ReportingSettings(), home, {"HOLDFAST_CYBERTIPLINE_TEST_USER": "u"})
    with pytest.raises(SettingsError, match="no credentials"):
        open_client(ReportingSettings(), home)


def test_a_file_that_others_can_read_or_that_lies_in_the_home_is_refused(home: Path, file: Path) -> None:
    file.chmod(0o640)
    with pytest.raises(SettingsError, match="read by others"):
        find_credentials(ReportingSettings(credentials_file=file), home, {})
    inside = home / "c.toml"
    inside.write_text(FILE)
    inside.chmod(0o600)
    with pytest.raises(SettingsError, match="inside the home"):
        find_credentials(ReportingSettings(credentials_file=inside), home, {})


def test_errors_quote_nothing_of_the_file(home: Path, file: Path) -> None:
    file.write_text('[test]\nuser = "u"\npassword = very secret\n')
    with pytest.raises(SettingsError) as caught:
        find_credentials(ReportingSettings(credentials_file=file), home, {})
    assert "very secret" not in str(caught.value) and caught.value.__cause__ is None


def test_production_is_production_and_nothing_else() -> None:
    with pytest.raises(SettingsError, match="mistake"):
        cybertipline(ReportingSettings(environment="production", test_url="http://127.0.0.1:8700/ispws"))
    with pytest.raises(DestinationError):
        cybertipline(ReportingSettings(test_url="https://report.cybertip.org/ispws"))
    made = cybertipline(ReportingSettings(environment="production"))
    assert made.is_production and made.banner.startswith("PRODUCTION")
    assert cybertipline(ReportingSettings()).banner.startswith("TEST")


def test_the_reporter_is_made_of_what_is_set_and_nothing_else() -> None:
    nobody = reporter(ReportingSettings())
    assert nobody.reporting_person.emails == () and nobody.company_template is None
    somebody = reporter(ReportingSettings(reporter_email="safety@example.org", reporter_first_name="Ana"))
    assert somebody.reporting_person.emails[0].value == "safety@example.org"
