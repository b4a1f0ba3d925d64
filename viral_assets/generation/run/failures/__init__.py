"""What a run does when a request fails.

``service_watch`` decides what follows for the run (a 429 holds back every run that shares the quota),
``service_health`` how long to wait and whether there is still hope, ``concurrency`` how much is asked at once,
``backoff`` when one request is tried again, and ``bisection`` which tweet of a pack is to blame.

What a response means, whichever SDK brought it, is in ``llm.gemini``.
"""
