"""What keeps a database in order over the years: copies of it, and what it holds no longer than it should."""
