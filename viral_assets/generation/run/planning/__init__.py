"""Which tweets share the next request, under the quota there is: plans, estimates, and what they are made from.

``planner`` is the pure function from what is to be asked to the packs that end earliest (``packs`` are its values,
``packer`` makes those of one deadline, ``day`` says what today has room for, ``bound`` what no plan can beat);
``batches`` takes them out of the queue; ``spare`` is what they leave of a window, ``reserve`` and ``late_starters`` are
what they keep free of it; ``failure_rate`` says what for, ``stretch`` when packs are larger for it, and ``joining`` how
what is asked again shares requests; ``run_plan`` is all of that together, and ``foresight`` a whole run of it;
``quota_shares`` is the part of the quota that this run plans with; ``latency`` and ``tokens`` are learnt from answers;
``estimate`` plans without asking (``--dry-run``).
"""
