# One image for all services of Backhaul: `docker build .`, then `docker run IMAGE exporter|webhook|portal|...`.
# Needs no BuildKit, so that Debian's docker-compose 1.29 builds it as well as `docker compose`.

ARG PYTHON_IMAGE=python:3.11.15-slim-bookworm
ARG NODE_IMAGE=node:22.22.2-bookworm-slim

# --- what the portal's pages take from npm ------------------------------------------------------------------
FROM ${NODE_IMAGE} AS pages
# For a registry of your own: --build-arg npm_config_registry=... It is in no layer that is kept.
ARG npm_config_registry
WORKDIR /app
COPY portal/package.json portal/package-lock.json portal/
COPY scripts/pages.sh scripts/
RUN scripts/pages.sh

# --- the Python packages of the lock file -------------------------------------------------------------------
FROM ${PYTHON_IMAGE} AS packages
ARG PIP_INDEX_URL
COPY requirements.lock /tmp/
RUN python -m venv /opt/backhaul \
 && /opt/backhaul/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps -r /tmp/requirements.lock \
 && /opt/backhaul/bin/pip uninstall --yes --quiet pip setuptools \
 && python -m compileall -q /opt/backhaul/lib

# --- the image ------------------------------------------------------------------------------------------------
FROM ${PYTHON_IMAGE}
# By number in the compose file, by name for whoever looks. `configure` and `restore` write as nobody, who reads in
# Prometheus' and Alertmanager's own images; a new volume takes the owner of the folder it is put on.
RUN echo 'backhaul:x:10001:10001::/nonexistent:/usr/sbin/nologin' >> /etc/passwd \
 && echo 'backhaul:x:10001:' >> /etc/group \
 && mkdir -p /configuration/prometheus /configuration/alertmanager /prometheus /recorded /series \
 && chown 65534:65534 /configuration/prometheus /configuration/alertmanager /prometheus /recorded /series
COPY --from=packages /opt/backhaul /opt/backhaul
# .dockerignore names what this takes. It belongs to root and is read only.
COPY . /app
COPY --from=pages /app/portal/static/vendor /app/portal/static/vendor
RUN /opt/backhaul/bin/python -m compileall -q /app && chmod -R a-w,a+rX /app
ENV PATH=/opt/backhaul/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LANG=C.UTF-8
WORKDIR /app
USER 10001:10001
ENTRYPOINT ["python", "-m", "backhaul"]
CMD ["--help"]
