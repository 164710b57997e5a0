// An agent that ends spans until its standard input closes, then prints the ids of all of them, one a line.
// node agent.cjs URL none|gzip
"use strict";
const { BasicTracerProvider, BatchSpanProcessor } = require("@opentelemetry/sdk-trace-base");
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-proto");

const [url, compression] = process.argv.slice(2);
const exporter = new OTLPTraceExporter({ url, compression });
const batches = { maxQueueSize: 100000, maxExportBatchSize: 50, scheduledDelayMillis: 50 };
const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter, batches)] });
const tracer = provider.getTracer("agent");
const ended = [];
const timer = setInterval(() => {
  const span = tracer.startSpan("call");
  span.end();
  ended.push(span.spanContext().spanId);
}, 10);

process.stdin.resume();
process.stdin.on("end", async () => {
  clearInterval(timer);
  await provider.forceFlush();
  await provider.shutdown();
  console.log(ended.join("\n"));
});
