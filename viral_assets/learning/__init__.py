"""What approvals and rejections teach: weights, thresholds and examples for a project file.

``judged_tweets`` reads what people decided, ``fit`` learns from it, ``evaluation`` says whether that is any better on
decisions it has not seen, ``thresholds`` and ``examples`` choose, ``tuning`` puts these together, ``project_file``
writes. Scoring itself stays what it is: a window scored later is reproducible from the project file.

Importing most of this imports scikit-learn, which takes a second: commands do it when they run.
"""
