# syntax=docker/dockerfile:1
# One image for every process of the Procfile; docker-compose.yml starts them.

# The front-end libraries, bundled. Node stays behind.
FROM node:22-slim AS front
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY esbuild.mjs ./
RUN npm run build

# The Python packages, exactly those of the lock file.
FROM python:3.13-slim AS packages
COPY requirements.txt ./
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --requirement requirements.txt

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    STATIC_ROOT=/app/collected \
    VAR_DIR=/tmp/chat \
    BEAT_SCHEDULE=/tmp/celerybeat-schedule \
    HOST=0.0.0.0 \
    PORT=8000
# A volume that is mounted there belongs to the one who writes.
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin chat \
    && install -d -o 10001 -m 0700 /var/lib/chat/attachments
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY . .
COPY --from=front /app/static/vendor static/vendor
# Hashes go into the names of the static files. The values are for this step only: none is secret,
# and none is in the image's environment.
RUN SECRET_KEY=only-to-collect-static-files-0123456789-abcdefghijklmnop \
    ALLOWED_HOSTS=localhost ALLOWED_ORIGINS=https://localhost \
    python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q chatsite conversations streaming

USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "deploy/healthcheck.py"]
CMD ["sh", "deploy/process.sh", "web"]
