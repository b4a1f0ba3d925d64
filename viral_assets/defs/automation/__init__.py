"""When and how the assets run: jobs, schedules, sensors, and launching from a terminal. What runs is in
``defs.assets``.
"""
