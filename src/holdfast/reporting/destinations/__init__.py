"""The destinations of a home and the rules that choose among them.

table          destinations.toml: destinations, and rules by country and surface
requirements   what a packet's recipient asks for
cybertipline   NCMEC's web service
packet         one signed, encrypted file, handed over by a person
registry       all of them as the settings describe them
"""
