"""What changes the answers of `technical`. Hashed into its version: a changed number is a new version.

`REVISION` rises with every change of the measuring code that changes an answer.
"""

from typing import Any

REVISION = 1
SETTINGS: dict[str, Any] = {"revision": REVISION}
