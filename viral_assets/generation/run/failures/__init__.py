"""What a run does when a request fails.

``service_watch`` decides what follows for the run, ``refusals`` what a 429 means (a quota that is used up holds back
every run that shares it), ``service_health`` whether there is still hope, ``usefulness`` whether what is said is of any
use, ``concurrency`` how much is asked at once, ``backoff`` when one request is tried again, ``patience`` how long an
answer is waited for, and ``bisection`` which tweet of a pack is to blame.

What a response means, whichever SDK brought it, is in ``llm.gemini``.
"""
