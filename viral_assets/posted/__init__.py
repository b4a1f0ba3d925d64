"""After posting: which replies people posted, told from files and from the account's own timeline, and what they
brought. Nothing here posts; how the numbers are counted is in ``queries.reply_numbers``."""
