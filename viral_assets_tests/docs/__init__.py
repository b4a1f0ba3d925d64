"""The documentation holds what it promises: its links, its reference, its site."""
