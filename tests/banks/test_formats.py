"""Forms of hash lists: what is read, what is a bad line and why, what is written."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.banks.formats import FORMATS, BadLine, Options, Row, detect, get_format
from holdfast.banks.formats.lines import MAX_LINE_BYTES, read_lines
from holdfast.errors import BadEntryError, UsageError
from tests.banks.conftest import digest, pdq

HASH = pdq(1).value.hex()
MD5 = digest("md5", 1).value.hex()
SHA1 = digest("sha1", 1).value.hex()
SHA256 = digest("sha256", 1).value.hex()


def read(form: str, text: str | bytes, options: Options | None = None) -> list[Row | BadLine]:
    data = text.encode() if isinstance(text, str) else text
    return list(get_format(form).read(read_lines(io.BytesIO(data)), options or Options()))


def one(form: str, text: str | bytes, options: Options | None = None) -> Row:
    (row,) = read(form, text, options)
    assert isinstance(row, Row), row
    return row


def reason(form: str, text: str | bytes) -> str:
    (bad,) = read(form, text)
    assert isinstance(bad, BadLine)
    assert HASH[:20] not in bad.reason
    assert HASH[:20].upper() not in bad.reason
    return bad.reason


# Lines -----------------------------------------------------------------------------------------------


def test_lines_have_their_numbers_and_empty_ones_are_left_out() -> None:
    stream = io.BytesIO(b"\xef\xbb\xbfa\r\n\r\n \t\nb\n\nlast")
    assert list(read_lines(stream)) == [(1, "a"), (4, "b"), (6, "last")]


def test_a_huge_line_is_one_bad_line_and_the_next_goes_on() -> None:
    stream = io.BytesIO(b"a\n" + b"x" * (5 * MAX_LINE_BYTES) + b"\nb\n" + b"y" * (MAX_LINE_BYTES + 1))
    assert [item[0] for item in read_lines(stream)] == [1, 2, 3, 4]
    stream.seek(0)
    assert [isinstance(item, BadLine) for item in read_lines(stream)] == [False, True, False, True]


def test_a_line_just_as_long_as_allowed_is_good() -> None:
    text = "z" * MAX_LINE_BYTES
    assert list(read_lines(io.BytesIO(text.encode() + b"\nb"))) == [(1, text), (2, "b")]


def test_other_encodings_are_bad_lines() -> None:
    assert reason("hex", "ü".encode("latin-1")) == "not text in UTF-8"
    assert all(isinstance(item, BadLine) for item in read("hex", (HASH + "\n" + HASH).encode("utf-16")))


@given(st.binary(max_size=300), st.sampled_from(sorted(FORMATS)))
def test_any_bytes_give_rows_or_bad_lines(data: bytes, form: str) -> None:
    try:
        items = read(form, data)
    except BadEntryError as error:
        assert form == "csv"
        assert "header" in str(error)
        return
    lines = [item.line for item in items]
    assert lines == sorted(set(lines))


# Plain hexadecimal -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "algorithm", "value"),
    [
        (HASH, "pdq", HASH),
        (HASH.upper(), "pdq", HASH),
        (f"  {HASH}\t", "pdq", HASH),
        (MD5, "md5", MD5),
        (SHA1, "sha1", SHA1),
        (f"sha256 {SHA256}", "sha256", SHA256),
        (f"SHA-256   {SHA256}", "sha256", SHA256),
        (f"pdq {HASH}", "pdq", HASH),
    ],
)
def test_plain_values(text: str, algorithm: str, value: str) -> None:
    row = one("hex", text + "\n")
    assert (row.algorithm, row.value.hex(), row.entry, row.source) == (algorithm, value, None, None)
    assert row.convention == ("unknown" if algorithm == "pdq" else "")


def test_options_say_what_the_list_does_not() -> None:
    row = one("hex", SHA256, Options(algorithm="sha256", medium="video"))
    assert (row.algorithm, row.medium) == ("sha256", "video")
    assert one("hex", HASH, Options(convention="nearest-512")).convention == "nearest-512"
    for wrong in ({"algorithm": "x"}, {"convention": ""}, {"medium": "x"}):
        with pytest.raises(UsageError, match="Nothing was read"):
            Options(**wrong)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("this is a text", "an algorithm that is not one of"),
        ("text", "no known hash"),
        (HASH[:-1], "63 characters are no known hash"),
        (HASH + "0", "65 characters"),
        (HASH[:-1] + "g", "not hexadecimal"),
        (HASH[:-1] + "\uff11", "not hexadecimal"),
        (HASH[:30] + "    " + HASH[34:], "an algorithm"),
        (f"md5 {HASH}", "a value of md5 has 32 hexadecimal digits, not 64"),
        (f"pdq {HASH[:31]}\t\t{HASH[33:]}", "hexadecimal"),
        (f"0x{HASH[2:]}", "not hexadecimal"),
        ("\x00" * 64, "not hexadecimal"),
    ],
)
def test_bad_plain_lines_say_why(text: str, why: str) -> None:
    assert why in reason("hex", text)


def test_remarks_are_left_out() -> None:
    assert read("hex", f"# {HASH}\n") == []


# CSV -----------------------------------------------------------------------------------------------------


def test_all_columns_in_any_order() -> None:
    header = (
        "Label;HASH;type;quality;convention;Size Bytes;entry;classification;medium;note;opinion;source;"
        "provenance;x"
    )
    row = one("csv", f"{header}\na cat;{HASH};PDQ;80;full;12;e1;a1;video;n;seed;s;p;ignored\n")
    assert row == Row(
        2, "e1", "pdq", bytes.fromhex(HASH), "full", 80, 12, "a cat", "A1", "video", "n", "seed", "s", "p"
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_and_quotes(separator: str) -> None:
    text = f'\ufeff"hash"{separator}label\r\n"{HASH}"{separator}"a ""cat"", a dog; a\tcow"\r\n'
    assert one("csv", text).label == 'a "cat", a dog; a cow'


def test_a_short_record_has_empty_fields() -> None:
    row = one("csv", f"value,label,quality\n{HASH}\n")
    assert (row.label, row.quality, row.opinion, row.medium) == ("", None, "positive", "image")


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (f"{HASH},101,,", "the quality is not a whole number from 0 to 100"),
        (f"{HASH},-1,,", "the quality"),
        (f"{HASH},8.5,,", "the quality"),
        (f"{HASH},²,,", "the quality"),
        (f"{HASH},,C1,", "the classification is not one of A1, A2, B1, B2"),
        (f"{HASH},,,9223372036854775808", "the size"),
        (f'{HASH},"80,,', "a quote that is not closed"),
        (f"{HASH},80,,,surplus", "5 fields, the header has 4"),
        (",80,,", "0 characters are no known hash"),
        ("x" * 64 + ",80,,", "not hexadecimal"),
    ],
)
def test_bad_records_say_why_and_the_next_goes_on(record: str, why: str) -> None:
    bad, good = read("csv", f"value,quality,classification,size_bytes\n{record}\n{HASH},50,B2,7\n")
    assert isinstance(bad, BadLine)
    assert bad.line == 2
    assert why in bad.reason
    assert isinstance(good, Row)


@pytest.mark.parametrize("text", ["label,quality\na,1\n", f"{HASH}\n", "no header here\n"])
def test_a_csv_list_without_its_header_is_refused_whole(text: str) -> None:
    with pytest.raises(BadEntryError, match="Line 1: a CSV list begins with a header"):
        read("csv", text)


# JSON lines ----------------------------------------------------------------------------------------------


def test_json_objects() -> None:
    row = one("jsonl", f'{{"hash": "{HASH}", "entry": 7, "quality": 80, "label": "ü\\n2", "more": [1]}}')
    assert (row.value.hex(), row.entry, row.quality, row.label) == (HASH, "7", 80, "ü 2")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "not a JSON object"),
        ("[]", "not a JSON object"),
        ("[" * 30_000, "not a JSON object"),
        ("{}", "0 characters"),
        ('{"value": 12}', "value is neither text nor a whole number"),
        (f'{{"value": "{HASH}", "quality": true}}', "quality is neither"),
        (f'{{"value": "{HASH}", "quality": 80.5}}', "quality is neither"),
        ('{{"value": "{}", "quality": {}}}'.format(HASH, "9" * 30), "the quality is not a whole number"),
        ('{{"value": "{}", "quality": {}}}'.format(HASH, "9" * 5000), "not a JSON object"),
        (f'{{"value": "{HASH}", "label": {{"a": 1}}}}', "label is neither"),
        ('{{"value": "{}", "label": "{}"}}'.format(HASH, "x" * 501), "the label is longer than 500"),
    ],
)
def test_bad_json_lines_say_why(text: str, why: str) -> None:
    assert why in reason("jsonl", text)


def test_half_a_surrogate_pair_can_be_written() -> None:
    assert one("jsonl", f'{{"hash": "{HASH}", "label": "\\ud800"}}').label == "?"


# The PDQ authors' programs -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "quality", "label"),
    [
        (HASH, None, ""),
        (f"hash={HASH}", None, ""),
        (f"{HASH},100,a/b, c.jpg", 100, "a/b, c.jpg"),
        (f"{HASH},file1.jpg", None, "file1.jpg"),
        (f"{','.join([HASH] * 8)},97,bridge.jpg", 97, "bridge.jpg"),
        (f"hash={HASH},norm=128,delta=0,quality=100,filename=f,quality=3.jpg", 100, "f,quality=3.jpg"),
        (f"hash={HASH},xform=orig,filename=x.jpg", None, "x.jpg"),
        (f"{HASH},idx=12", None, ""),
    ],
)
def test_lines_of_the_authors_programs(text: str, quality: int | None, label: str) -> None:
    row = one("pdq", text + "\n")
    assert (row.value.hex(), row.quality, row.label, row.convention) == (HASH, quality, label, "unknown")


def test_bad_lines_of_the_authors_programs() -> None:
    assert "64 hexadecimal digits, not 32" in reason("pdq", f"{MD5},100,x.jpg")
    assert "the quality" in reason("pdq", f"{HASH},101,x.jpg")


# Which form? ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "line", "form"),
    [
        ("list.txt", HASH, "hex"),
        ("list", f"# a list\n{HASH}", "hex"),
        ("list", "value,label", "csv"),
        ("list", "label;hash", "csv"),
        ("list.csv", "something else", "csv"),
        ("list", '{"value": 1}', "jsonl"),
        ("list.JSONL", "", "jsonl"),
        ("list.csv", f"{HASH},100,x.jpg", "pdq"),
        ("list", f"hash={HASH},norm=128", "pdq"),
        ("list", f"hash={HASH}", "pdq"),
        ("list", "", "hex"),
    ],
)
def test_detect(name: str, line: str, form: str) -> None:
    assert detect(name, line).name == form


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(UsageError, match="csv, jsonl, hex, pdq"):
        get_format("xlsx")


# Round trips -----------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    from holdfast.banks.models import tidy

    algorithm = draw(st.sampled_from(["pdq", "md5", "sha1", "sha256"]))
    size = {"pdq": 32, "md5": 16, "sha1": 20, "sha256": 32}[algorithm]
    text = TEXTS.map(lambda raw: tidy(raw, 200, "text"))
    return Row(
        0,
        draw(text) or None,
        algorithm,
        draw(st.binary(min_size=size, max_size=size)),
        draw(st.sampled_from(["full", "nearest-512", "unknown"])) if algorithm == "pdq" else "",
        draw(st.none() | st.integers(0, 100)),
        draw(st.none() | st.integers(0, 2**63 - 1)),
        draw(text),
        draw(st.sampled_from([None, "A1", "A2", "B1", "B2"])),
        draw(st.sampled_from(["image", "video", "audio", "unknown"])),
        draw(text),
        draw(st.sampled_from(["positive", "negative", "seed"])),
        draw(text) or None,
        draw(text),
    )


@pytest.mark.parametrize("form", [form.name for form in FORMATS.values() if form.keeps_all])
@given(written=st.lists(rows(), max_size=5))
def test_what_is_written_is_read_back(form: str, written: list[Row]) -> None:
    text = "".join(line + "\n" for line in FORMATS[form].write(written))
    read_back = [row._replace(line=0) if isinstance(row, Row) else row for row in read(form, text)]
    assert read_back == written


def test_plain_values_are_read_back() -> None:
    written = [one("hex", text) for text in (HASH, MD5, SHA1, f"sha256 {SHA256}")]
    text = "\n".join(FORMATS["hex"].write(written))
    assert [(row.algorithm, row.value) for row in read("hex", text) if isinstance(row, Row)] == [
        (row.algorithm, row.value) for row in written
    ]


def test_the_authors_form_is_read_back() -> None:
    written = [one("pdq", f"{HASH},88,a, b.jpg"), one("pdq", HASH)]
    assert read("pdq", "\n".join(FORMATS["pdq"].write(written))) == [written[0], written[1]._replace(line=2)]
