"""nginx as it ships, before a gunicorn on this machine."""

import os
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
MAIN = """
daemon off; {user} worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{ }}
http {{
    include /etc/nginx/mime.types;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    include {folder}/default.conf;
}}
"""


def nginx_command(folder: Path, *, web: int, front: int, metrics: int) -> list[str]:
    """What starts it with the shipped configuration; only ports, the upstream's address and the volume's path, which
    is `folder`, are others."""
    assert NGINX, "no nginx on PATH"
    text = (ROOT / "config/nginx.conf").read_text()
    changes = {
        "listen 8080;": f"listen 127.0.0.1:{front};",
        "listen 8081;": f"listen 127.0.0.1:{metrics};",
        "server web:8000;": f"server 127.0.0.1:{web};",
        "alias /data/": f"alias {folder}/",
    }
    for shipped, here in changes.items():
        assert shipped in text, shipped
        text = text.replace(shipped, here)
    (folder / "default.conf").write_text(text)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
    return [NGINX, "-c", str(folder / "nginx.conf")]
