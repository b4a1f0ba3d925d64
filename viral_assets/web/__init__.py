"""The review page: a small web application in which a person decides about suggestions. Nothing here ever posts."""
