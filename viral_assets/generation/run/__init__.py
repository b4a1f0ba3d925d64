"""A generation run: what it is about to ask, what comes of it, and what is saved.

``executor`` is a run from beginning to end and ``loop`` what it does in between: ``schedule`` (with the ``planner``)
chooses the next batch from the ``queue``, ``membership`` gets the grant, ``request`` sends it and makes one ``outcome``
of what comes back, ``service`` and ``session`` are what the run has learnt and works with, and ``resume`` is where
earlier and later runs meet.

The prompt and the rules for good suggestions are in ``drafting``, the providers in ``clients``, the quota in
``quota``.
"""
