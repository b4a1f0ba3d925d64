"""What came of the tweets: counted in ``report``, drawn in ``charts``. Reads the store and writes nothing."""

from viral_assets.numbers.model import DayNumbers, Funnel, NumbersReport, QuotaDay, Rate
from viral_assets.numbers.report import report

__all__ = ["DayNumbers", "Funnel", "NumbersReport", "QuotaDay", "Rate", "report"]
