"""Reports and file details as typed values that cannot be changed.

One class a type of the schema, one field an element or attribute; a test holds the two together. A field
that is None, empty or False (flags) is not written. Values carry Python's types only: limits and rules are
checked when the XML is built (`holdfast.reporting.cybertip.build`).
"""
