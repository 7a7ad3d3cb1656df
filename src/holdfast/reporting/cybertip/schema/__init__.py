"""The elements of a CyberTipline report and of its file details, as data: read `report` and `file_details`.

words           what an element, an attribute and a type are
values          texts, moments, addresses: the kinds of content and their limits
common          types that several elements share: persons, addresses, events
incident        what happened and where
people          who reports, who is reported, recipients, victims, accounts
report          the document of /submit
file_details    the document of /fileinfo
listing         all of it as flat rows
"""
