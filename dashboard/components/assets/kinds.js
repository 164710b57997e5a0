// What each kind of span looks like: label and icon always stand beside the colour (Okabe and Ito).

import { svg } from "./dom.js";

const BLUE = "#0072B2", ORANGE = "#E69F00", GREEN = "#009E73", PURPLE = "#CC79A7", SKY = "#56B4E9", YELLOW = "#B8A200";

export const KINDS = {
  agent: { label: "Agent", color: BLUE, path: "M3 7h10v6H3zM8 7V4M8 3.2v.1M5.8 10v.1M10.2 10v.1M1.5 9.5v2M14.5 9.5v2" },
  workflow: { label: "Workflow", color: BLUE, path: "M2 2.5h4v4H2zM10 9.5h4v4h-4zM6 4.5h3a3 3 0 0 1 3 3v2" },
  llm: { label: "Model", color: PURPLE, path: "M8 2l1.6 4.4L14 8l-4.4 1.6L8 14l-1.6-4.4L2 8l4.4-1.6z" },
  tool: { label: "Tool", color: ORANGE, path: "M10 2.2a3.6 3.6 0 0 0-3.2 5L2.4 11.6l2 2 4.4-4.4a3.6 3.6 0 0 0 4.8-4.4L11.4 7 9 4.6l2.2-2.2a4 4 0 0 0-1.2-.2z" },
  retrieval: { label: "Retrieval", color: SKY, path: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3L14 14" },
  embedding: { label: "Embedding", color: SKY, path: "M3 3v.1M8 3v.1M13 3v.1M3 8v.1M8 8v.1M13 8v.1M3 13v.1M8 13v.1M13 13v.1" },
  reranker: { label: "Reranker", color: SKY, path: "M2 3.5h12M2 8h8M2 12.5h4" },
  guardrail: { label: "Guardrail", color: GREEN, path: "M8 1.8l5 2v4c0 3-2 5.2-5 6.4-3-1.2-5-3.4-5-6.4v-4z" },
  evaluator: { label: "Evaluator", color: GREEN, path: "M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zM5.4 8.2l1.9 1.9 3.4-3.8" },
  human: { label: "Human", color: YELLOW, path: "M8 2.2a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2zM2.8 14c.3-3 2.4-4.6 5.2-4.6s4.9 1.6 5.2 4.6" },
  other: { label: "Span", color: "#8C8C8C", path: "M8 4.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7z" },
};

export function kindOf(name) {
  return KINDS[name] || KINDS.other;
}

export function kindIcon(name) {
  const kind = kindOf(name);
  const icon = svg(kind.path, "kind");
  icon.style.setProperty("--kind", kind.color);
  return icon;
}
