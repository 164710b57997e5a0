# The collector and the dashboard in one image; docker-compose.yml says which container is which.
# Images are named by tag; `make digests` pins them to what the registry has (docs/operations.md).
FROM python:3.11-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/spanledger
ENV SPANLEDGER_MODEL_DIR=/opt/spanledger/model
COPY Makefile pyproject.toml requirements.lock README.md LICENSE NOTICE ./
COPY schema schema
COPY redaction redaction
COPY collector collector
COPY dashboard dashboard
RUN make install

FROM python:3.11-slim
RUN groupadd --system --gid 10001 spanledger \
    && useradd --system --no-create-home --home-dir /tmp --uid 10001 --gid 10001 spanledger \
    && install -d -o spanledger -m 700 /data
COPY --from=build /opt/spanledger /opt/spanledger
ENV PYTHONDONTWRITEBYTECODE=1 \
    PATH=/opt/spanledger/.venv/bin:$PATH \
    SPANLEDGER_MODEL_DIR=/opt/spanledger/model \
    SPANLEDGER_DATA_DIR=/data \
    SPANLEDGER_HOST=0.0.0.0
USER 10001:10001
VOLUME /data
EXPOSE 4317 4318 8501
ENTRYPOINT ["spanledger"]
CMD ["up"]
