# One image for web, worker and beat; `--target gpu` adds what large scorers need.
# Debian 13, for the pg_dump and pg_restore 17 of backups.
FROM python:3.11-slim-trixie AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY pyproject.toml constraints.txt README.md ./
RUN pip install --constraint constraints.txt '.[s3]'

FROM build AS build-gpu
COPY constraints-scoring.txt ./
RUN pip install --constraint constraints-scoring.txt torch \
 && pip install --constraint constraints-scoring.txt --constraint constraints.txt '.[scoring,s3]' \
 && pip install --constraint constraints-scoring.txt --no-deps torchvision

FROM python:3.11-slim-trixie AS base
RUN apt-get update \
 && apt-get install -y --no-install-recommends postgresql-client-17 \
 && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home --uid 10001 app && mkdir /data && chown app:app /data
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 DATA_DIR=/data
WORKDIR /app
COPY manage.py ./
COPY config ./config
COPY annotation ./annotation
COPY scoring ./scoring
COPY datasets_app ./datasets_app
COPY templates ./templates
COPY locale ./locale
USER app
VOLUME /data

FROM base AS gpu
COPY --from=build-gpu /venv /venv
CMD ["celery", "--quiet", "-A", "config", "worker", "-Q", "scoring.videoscore2", "-c", "1", "--pool", "prefork", "--loglevel", "info"]

# The last stage is what a plain `docker build .` makes.
FROM base AS app
COPY --from=build /venv /venv
EXPOSE 8000
CMD ["gunicorn", "config.wsgi", "--bind", "0.0.0.0:8000", "--workers", "4", "--timeout", "120", "--no-control-socket", "--worker-tmp-dir", "/dev/shm", "--config", "config/gunicorn.py"]
