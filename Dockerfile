# The portal's image: web, worker and migrations differ only in the word after bin/serve.
FROM python:3.13-slim-bookworm AS build
WORKDIR /portal
RUN apt-get update \
    && apt-get install -y --no-install-recommends gettext \
    && rm -rf /var/lib/apt/lists/*
COPY requirements requirements
ENV VIRTUAL_ENV=/opt/venv PATH=/opt/venv/bin:$PATH
RUN python -m venv /opt/venv \
    && pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
    && uv pip install --no-cache --compile-bytecode --require-hashes -r requirements/run.txt \
    && uv pip uninstall uv pip
COPY . .
# No secret is in the image: the key below is there because settings refuse to load without one
RUN find locale -name '*.po' -exec sh -c 'msgfmt --check-format -o "${1%.po}.mo" "$1"' - {} \; \
    && DJANGO_SECRET_KEY=only-while-building DATABASE_URL=postgis://nobody@127.0.0.1:1/none STATIC_ROOT=/portal-static \
       python manage.py collectstatic --noinput --verbosity 0

FROM python:3.13-slim-bookworm
# WeasyPrint sets the text of PDFs with Pango, in a font that has every Vietnamese letter
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*
LABEL org.opencontainers.image.title="Geoportal" org.opencontainers.image.description="Field reports pinned on a map"
RUN groupadd --gid 10001 portal \
    && useradd --uid 10001 --gid portal --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin portal \
    && install -d -o portal -g portal /media
WORKDIR /portal
COPY --from=build /opt/venv /opt/venv
COPY --from=build /portal-static /static
COPY --from=build /portal /portal
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BIND=0.0.0.0:8000 \
    STATIC_ROOT=/static \
    MEDIA_ROOT=/media
USER 10001:10001
EXPOSE 8000
VOLUME /media
# The worker has a check of its own in docker-compose.yml
HEALTHCHECK --interval=15s --timeout=5s --start-period=40s --retries=4 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz/live', timeout=4)"]
ENTRYPOINT ["bin/serve"]
CMD ["web"]
