"""Which model a server answers with. Loads nothing heavy: it is called where jobs are asked for, too."""

from collections.abc import Mapping
from typing import Any


def identify(checkpoint: str) -> Mapping[str, Any]:
    """The name that the servers know the model by; what lies behind it is theirs to keep."""
    return {"served_model": checkpoint}
