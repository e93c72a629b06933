# Headrace in a container. Two stages: what builds it stays behind.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/headrace
COPY requirements/runtime.txt requirements/
RUN /opt/headrace/bin/pip install --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY src src
RUN /opt/headrace/bin/pip install --no-deps --no-build-isolation . \
    && /opt/headrace/bin/python -m compileall -q /opt/headrace/lib

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/headrace --shell /usr/sbin/nologin headrace
COPY --from=build /opt/headrace /opt/headrace
ENV PATH=/opt/headrace/bin:$PATH PYTHONUNBUFFERED=1 HEADRACE_SERVER__HOST=0.0.0.0
USER headrace
# With the default database, an SQLite file, this is what must be kept: mount a volume here.
WORKDIR /var/lib/headrace
EXPOSE 8080
# SIGTERM lets what is in flight end; give it 15 seconds (docker stop --time 15).
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["headrace"]
CMD ["serve"]
