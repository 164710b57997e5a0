# The collector and the dashboard in one image; docker-compose.yml says which container is which.
FROM python:3.11-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends make && rm -rf /var/lib/apt/lists/*
WORKDIR /opt/spanledger
ENV SPANLEDGER_MODEL_DIR=/opt/spanledger/model
COPY . .
RUN make install

FROM python:3.11-slim
RUN useradd --system --create-home --uid 10001 spanledger && install -d -o spanledger -m 700 /data
COPY --from=build /opt/spanledger /opt/spanledger
ENV PATH=/opt/spanledger/.venv/bin:$PATH \
    SPANLEDGER_MODEL_DIR=/opt/spanledger/model \
    SPANLEDGER_DATA_DIR=/data \
    SPANLEDGER_HOST=0.0.0.0
USER spanledger
VOLUME /data
EXPOSE 4317 4318 8501
ENTRYPOINT ["spanledger"]
CMD ["up"]
