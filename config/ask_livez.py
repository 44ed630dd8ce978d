"""`python -m config.ask_livez`: exit 0 when gunicorn in this container answers. For health checks."""

import http.client
import os
import sys

LIVEZ = "/livez"


def answers(port: int = 8000) -> bool:
    """Whether `/livez` says 200, asked under the first of the names that the site answers to."""
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=4)
    try:
        connection.request("GET", LIVEZ, headers={"Host": host, "X-Forwarded-Proto": "https"})
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(not answers())
