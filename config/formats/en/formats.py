"""English dates as the whole world reads them: 21 Nov 2026 14:30."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y H:i"
MONTH_DAY_FORMAT = "j M"
