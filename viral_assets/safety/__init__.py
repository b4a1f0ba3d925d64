"""Which tweets touch something that not every brand should answer: grief, illness, politics and so on.

``flags.find_flags`` finds them, with two parts: ``lexicon`` (phrases, in eight languages) and ``resemblance`` (what
they sound like to the project's embedder). What becomes of a flagged tweet is up to the project (``handling``).
Nothing here reads a database, a clock or the network, and no tweet's flags depend on the tweets around it.

The third part is the model's own word, which comes with its answer (``generation.drafting``).
"""
