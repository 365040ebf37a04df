"""The database: tables, migrations, one repository module per aggregate."""
