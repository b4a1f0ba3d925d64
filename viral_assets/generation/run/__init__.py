"""A generation run: what it is about to ask, what comes of it, and what is saved.

``executor`` is a run from beginning to end and ``loop`` what it does in between: ``planning`` chooses the next batch
from the ``queue``, ``membership`` gets the grant, ``request`` sends it and makes one ``outcome`` of what comes back,
``failures`` is what follows when that is a refusal or an error, ``session`` what a run works with, and ``resume`` is
where earlier and later runs meet.

The prompt and the rules for good suggestions are in ``drafting``, the providers in ``clients``, the quota in
``quota``.
"""
