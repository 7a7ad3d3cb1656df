"""NCMEC's CyberTipline Reporting API ("ispws").

    vocabulary    its fixed words: kinds of incident, classifications, countries
    schema        every element: order, number, limits, attributes, as data
    rules         what several elements must keep together, as data
    models        the same as typed values; `compose` makes whole reports of the usual kinds
    build         models to XML that the service accepts, or an error that names field and rule
    validate      any XML against schema and rules

Source: "CyberTipline Reporting API Technical Documentation" of 2025-06-11 and the XML schema of the same
time. The schema file itself is given to registered companies and is not part of Holdfast: `xsd` checks a
document against an operator's own copy.
"""
