"""What is written down: tables, migrations, transactions. SQLite or PostgreSQL, the same code."""
