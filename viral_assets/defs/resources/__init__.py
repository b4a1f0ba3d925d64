"""What assets work with: database, projects, embedder, sources, generator, and the options of a run. Resources read the
environment when a run starts, never while definitions load, and hold no logic of their own.
"""
