"""Every rule across elements: a document that breaks only this one; the stand-in refuses it too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from holdfast.errors import InvalidDocumentError
from holdfast.reporting.cybertip.build import build_file_details, build_report
from holdfast.reporting.cybertip.models.common import (
    AccountPermanentlyDisabled,
    AccountTemporarilyDisabled,
    DeviceId,
    Email,
    EstimatedLocation,
    IpCaptureEvent,
    Person,
    Phone,
)
from holdfast.reporting.cybertip.models.file_details import (
    Details,
    FileAnnotations,
    FileDetails,
    NameValuePair,
    OriginalFileHash,
)
from holdfast.reporting.cybertip.models.incident import (
    ChatImIncident,
    EmailIncident,
    InternetDetails,
    NewsgroupIncident,
)
from holdfast.reporting.cybertip.models.people import (
    IntendedRecipient,
    LawEnforcement,
    PersonOrUserReported,
    Victim,
)
from holdfast.reporting.cybertip.models.report import Report
from holdfast.reporting.cybertip.problems import positions
from holdfast.reporting.cybertip.rules import RULES
from holdfast.reporting.cybertip.validate import validate
from holdfast.reporting.cybertip.vocabulary import Classification, FileRelevance
from tests.reporting.judges import stand_in_errors
from tests.reporting.samples import AT, MAIL, account, batched_file_details, batched_report, minimum_report

DAY = timedelta(days=1)
DISABLED = datetime(2026, 9, 2, tzinfo=UTC)
SUSPECT = "/report/personOrUserReported"


def suspect(**fields: Any) -> Report:
    return minimum_report().model_copy(update={"persons_reported": (PersonOrUserReported(**fields),)})


def with_fields(base: Report, **fields: Any) -> Report:
    return base.model_copy(update=fields)


def summary(base: Report, **fields: Any) -> Report:
    return with_fields(base, incident_summary=base.incident_summary.model_copy(update=fields))


def details(**fields: Any) -> FileDetails:
    return FileDetails(report_id=1, file_id="f", **fields)


def batched_file(**fields: Any) -> FileDetails:
    return batched_file_details().model_copy(update=fields)


def person(**fields: Any) -> Report:
    return suspect(person_or_user_reported_person=Person(**fields))


def location(**fields: Any) -> Report:
    return suspect(estimated_location=EstimatedLocation(**fields))


def mail_incident(base: Report, address: str) -> Report:
    incident = InternetDetails(email_incident=EmailIncident(email_addresses=(Email(value=address),)))
    return with_fields(base, internet_details=(incident,))


# Rule -> documents that break it alone, and the path that is named.
REPORTS: dict[str, list[tuple[Report, str]]] = {
    "reporter_email": [
        (
            with_fields(
                minimum_report(),
                reporter=minimum_report().reporter.model_copy(update={"reporting_person": Person()}),
            ),
            "/report/reporter/reportingPerson",
        )
    ],
    "one_person": [
        (
            with_fields(
                minimum_report(),
                persons_reported=(
                    PersonOrUserReported(esp_identifier="a"),
                    PersonOrUserReported(esp_identifier="b"),
                ),
            ),
            SUSPECT,
        )
    ],
    "incident_email": [
        (
            mail_incident(person(emails=(Email(value=MAIL),)), "other@example.org"),
            "/report/internetDetails/emailIncident/emailAddress",
        ),
        (
            with_fields(
                minimum_report(),
                internet_details=(
                    InternetDetails(
                        newsgroup_incident=NewsgroupIncident(email_addresses=(Email(value=MAIL),))
                    ),
                ),
            ),
            "/report/internetDetails/newsgroupIncident/emailAddress",
        ),
    ],
    "verified_for_date": [
        (
            person(emails=(Email(value=MAIL, verification_date=DISABLED),)),
            f"{SUSPECT}/personOrUserReportedPerson/email/@verified",
        ),
        (
            person(phones=(Phone(value="5550100", verified=False, verification_date=DISABLED),)),
            f"{SUSPECT}/personOrUserReportedPerson/phone/@verified",
        ),
    ],
    "phone_without_country": [
        (
            person(phones=(Phone(value="(+44) 20 7946 0000", country_calling_code="+44"),)),
            f"{SUSPECT}/personOrUserReportedPerson/phone",
        )
    ],
    "notified_after_disabled": [
        (
            suspect(
                account_temporarily_disabled=AccountTemporarilyDisabled(
                    value=True, disabled_date=DISABLED, user_notified_date=DISABLED - DAY
                )
            ),
            f"{SUSPECT}/accountTemporarilyDisabled/@userNotifiedDate",
        ),
        (
            suspect(
                account_permanently_disabled=AccountPermanentlyDisabled(
                    value=True, disabled_date=DISABLED, user_notified_date=DISABLED - DAY
                )
            ),
            f"{SUSPECT}/accountPermanentlyDisabled/@userNotifiedDate",
        ),
    ],
    "reenabled_after_disabled": [
        (
            suspect(
                account_temporarily_disabled=AccountTemporarilyDisabled(
                    value=True, disabled_date=DISABLED, reenabled_date=DISABLED
                )
            ),
            f"{SUSPECT}/accountTemporarilyDisabled/@reenabledDate",
        )
    ],
    "location_country": [(location(city="Paris"), f"{SUSPECT}/estimatedLocation")],
    "location_us_region": [
        (location(country_code="US", region="California"), f"{SUSPECT}/estimatedLocation/region")
    ],
    "location_us_city": [(location(country_code="US", city="Austin"), f"{SUSPECT}/estimatedLocation")],
    "age_or_birth": [
        (
            suspect(
                associated_accounts=(
                    account(approximate_age=30, date_of_birth=datetime(1990, 1, 1, tzinfo=UTC).date()),
                )
            ),
            f"{SUSPECT}/associatedAccount",
        )
    ],
    "batched_forbidden": [
        (
            summary(batched_report(), escalate_to_high_priority="now"),
            "/report/incidentSummary/escalateToHighPriority",
        ),
        (
            with_fields(
                batched_report(),
                internet_details=(InternetDetails(chat_im_incident=ChatImIncident(content="a")),),
            ),
            "/report/internetDetails",
        ),
        (
            with_fields(batched_report(), law_enforcement=LawEnforcement(agency_name="a")),
            "/report/lawEnforcement",
        ),
        (
            with_fields(batched_report(), intended_recipients=(IntendedRecipient(),)),
            "/report/intendedRecipient",
        ),
        (with_fields(batched_report(), victims=(Victim(victim_person=Person()),)), "/report/victim"),
        (with_fields(batched_report(), additional_info="a"), "/report/additionalInfo"),
    ],
    "batched_person": [
        (
            with_fields(
                batched_report(),
                persons_reported=(PersonOrUserReported(esp_identifier="a", screen_name="b"),),
            ),
            SUSPECT,
        ),
        (with_fields(batched_report(), persons_reported=(PersonOrUserReported(screen_name="b"),)), SUSPECT),
    ],
}
FILES: dict[str, list[tuple[FileDetails, str]]] = {
    "exif_needs_view": [
        (details(exif_viewed_by_esp=True), "/fileDetails/exifViewedByEsp"),
        (details(exif_viewed_by_esp=True, file_viewed_by_esp=False), "/fileDetails/exifViewedByEsp"),
    ],
    "supplemental_unclassified": [
        (
            details(file_relevance=FileRelevance.SUPPLEMENTAL, industry_classification=Classification.A1),
            "/fileDetails/industryClassification",
        )
    ],
    "supplemental_no_meme": [
        (
            details(
                file_relevance=FileRelevance.SUPPLEMENTAL,
                file_annotations=FileAnnotations(potential_meme=True),
            ),
            "/fileDetails/fileAnnotations/potentialMeme",
        )
    ],
}
BATCHED_FILES: dict[str, list[tuple[FileDetails, str]]] = {
    "batched_file_forbidden": [
        (batched_file(original_file_name="a.jpg"), "/fileDetails/originalFileName"),
        (batched_file(location_of_file="https://example.org/a"), "/fileDetails/locationOfFile"),
        (
            batched_file(original_file_hashes=(OriginalFileHash(value="a", hash_type="MD5"),)),
            "/fileDetails/originalFileHash",
        ),
        (
            batched_file(ip_capture_event=IpCaptureEvent(ip_address="192.0.2.1")),
            "/fileDetails/ipCaptureEvent",
        ),
        (batched_file(device_ids=(DeviceId(id_type="IMEI", id_value="1"),)), "/fileDetails/deviceId"),
        (
            batched_file(details=(Details(name_value_pairs=(NameValuePair(name="a", value="b"),)),)),
            "/fileDetails/details",
        ),
        (batched_file(additional_infos=("a",)), "/fileDetails/additionalInfo"),
    ],
    "batched_annotation": [
        (batched_file(file_annotations=None), "/fileDetails"),
    ],
    "batched_other_annotation": [
        (
            batched_file(file_annotations=FileAnnotations(viral=True, infant=True)),
            "/fileDetails/fileAnnotations/infant",
        )
    ],
    "batched_relevance": [
        (
            batched_file(
                file_relevance=FileRelevance.SUPPLEMENTAL,
                industry_classification=None,
                file_annotations=FileAnnotations(viral=True),
            ),
            "/fileDetails/fileRelevance",
        )
    ],
}
OLDER = (
    b"<fileDetails><reportId>1</reportId><fileId>f</fileId><potentialMeme>1</potentialMeme>"
    b"<fileAnnotations><viral/></fileAnnotations></fileDetails>"
)
LEGACY: dict[str, list[tuple[bytes, str]]] = {
    "meme_or_annotations": [
        (
            OLDER,
            "/fileDetails/potentialMeme",
        )
    ]
}


def test_every_rule_is_broken_by_some_document() -> None:
    assert {rule.name for rule in RULES} == {*REPORTS, *FILES, *BATCHED_FILES, *LEGACY}
    assert len({rule.name for rule in RULES}) == len(RULES)


def refused(build: Callable[[], bytes], rule: str, path: str) -> None:
    with pytest.raises(InvalidDocumentError, match=rule) as caught:
        build()
    assert {(one.rule, positions(one.path)) for one in caught.value.problems} == {(rule, path)}


def unchecked(monkeypatch: pytest.MonkeyPatch, build: Callable[[], bytes]) -> bytes:
    """The XML that the builder would have sent had it not looked."""
    with monkeypatch.context() as patch:
        patch.setattr("holdfast.reporting.cybertip.build.validate", lambda *_, **__: [])
        return build()


@pytest.mark.parametrize("rule", REPORTS)
def test_rule_of_a_report(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for report, path in REPORTS[rule]:

        def build(report: Report = report) -> bytes:
            return build_report(report, at=AT)

        refused(build, rule, path)
        assert len(stand_in_errors(unchecked(monkeypatch, build), AT)) == 1, (rule, path)


@pytest.mark.parametrize("rule", [*FILES, *BATCHED_FILES])
def test_rule_of_file_details(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    batched = rule in BATCHED_FILES
    for file, path in {**FILES, **BATCHED_FILES}[rule]:

        def build(file: FileDetails = file) -> bytes:
            return build_file_details(file, of_batched=batched, at=AT)

        refused(build, rule, path)
        assert len(stand_in_errors(unchecked(monkeypatch, build), AT, of_batched=batched)) == 1, (rule, path)


@pytest.mark.parametrize("rule", LEGACY)
def test_rule_of_older_documents(rule: str) -> None:
    for xml, path in LEGACY[rule]:
        assert [(one.rule, one.path) for one in validate(xml, at=AT)] == [(rule, path)]
        assert len(stand_in_errors(xml, AT)) == 1


def test_neighbours_of_the_rules_are_allowed() -> None:
    for report in (
        mail_incident(person(emails=(Email(value=MAIL, verified=True, verification_date=DISABLED),)), MAIL),
        person(phones=(Phone(value="7946 44", country_calling_code="+44"),)),
        location(country_code="FR", city="Paris"),
        location(country_code="US", region="TX", city="Austin"),
        suspect(
            account_temporarily_disabled=AccountTemporarilyDisabled(
                value=False, disabled_date=DISABLED, user_notified_date=DISABLED, reenabled_date=AT + 9 * DAY
            )
        ),
        summary(minimum_report(), escalate_to_high_priority="A child is in danger now."),
    ):
        assert stand_in_errors(build_report(report, at=AT), AT) == []
    for file in (
        details(file_viewed_by_esp=True, exif_viewed_by_esp=True),
        details(file_relevance=FileRelevance.SUPPLEMENTAL, file_annotations=FileAnnotations(viral=True)),
    ):
        assert stand_in_errors(build_file_details(file, at=AT), AT) == []
    alone = batched_file(file_annotations=FileAnnotations(potential_meme=True), file_relevance=None)
    assert stand_in_errors(build_file_details(alone, of_batched=True, at=AT), AT, of_batched=True) == []
