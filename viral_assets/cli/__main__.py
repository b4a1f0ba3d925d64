"""``python -m viral_assets.cli`` is ``viral-assets``."""

from viral_assets.cli.app import main

if __name__ == "__main__":
    main()
