"""The database: tables, migrations, and reading and writing them, the same on SQLite and PostgreSQL.

``engine`` opens it (start there: :class:`~viral_assets.store.engine.Database`; ``sqlite_engine`` and
``postgres_engine`` know what a file and a server want), ``tables`` says what is in it, ``migrations`` how it came to
be. ``bulk`` and ``frames`` move many rows in and out, ``conditions`` says which hours and whose; ``tweets`` (decided in
``observations``), ``windows``, ``vectors``, ``opportunities``, ``suggestions``, ``rejects`` and ``ingested_files`` know
what the rows mean. Every function takes the connection of a transaction that its caller opened, so that several of them
are one change.

What is worth storing is decided in the other packages; this one imports none of them.
"""
