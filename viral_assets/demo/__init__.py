"""A made-up day of tweets, to try everything without a key, an account or a network."""
