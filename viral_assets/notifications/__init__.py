"""Telling people of new opportunities while they are young, through the channels that a project names.

``plan`` and ``quiet`` decide what is told when, ``words`` says it, ``channels`` sends it, ``telling`` does all of it in
the order that keeps anybody from being told twice. What was told is kept in ``store.notifications``.
"""
