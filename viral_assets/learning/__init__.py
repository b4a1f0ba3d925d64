"""What approvals, rejections and edits teach: weights, thresholds and the voice for a project file.

``judged_tweets`` reads what people decided and ``outcomes`` what replies brought, ``fit`` learns from either,
``evaluation`` says whether that is any better on what it has not seen, ``thresholds`` and ``examples`` choose,
``tuning`` puts these together. ``voice`` counts what people change in drafts, ``model_voice`` has a model say the rest.
``project_file`` writes. Scoring itself stays what it is: a window scored later is reproducible from the project file.

Importing most of this imports scikit-learn, which takes a second: commands do it when they run.
"""
