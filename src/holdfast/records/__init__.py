"""What is written down: tables, migrations, transactions. SQLite or PostgreSQL, the same code.

Start at `home.Home` (where it all lies) and `database.Database` (reading and writing it).
"""
