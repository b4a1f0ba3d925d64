"""Opening Dagster's instance: the first start creates its tables, whoever else starts meanwhile waits.

Dagster itself lets every process create them at once, which leaves a schema that no process can open again. The class
:class:`Instance` is named in ``dagster.yaml``, so that commands, webserver, daemon, code locations and runs all come
this way. Runs on Celery workers are launched here too (``celery_launcher``), where somebody wants them. What runs do is
elsewhere, and so are the project's own tables (``store``).
"""

from viral_assets.instance.opening import Instance, make_ready, open_instance

__all__ = ["Instance", "make_ready", "open_instance"]
