// What a sender wrote beside the content of a message or a part: one quiet line, all of it when it is opened.

import { el } from "./dom.js";
import { renderLong } from "./text.js";

const LINE = 120; // characters of the line

export function renderExtra(parent, extra) {
  if (!extra || typeof extra !== "object" || !Object.keys(extra).length) return;
  const line = Object.entries(extra).map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`).join(" · ");
  if (line.length <= LINE) {
    el("div", "extra", parent, line);
    return;
  }
  const fold = el("details", "extra", parent);
  el("summary", "", fold, `${line.slice(0, LINE)}…`);
  fold.addEventListener("toggle", () => renderLong(fold, "pre json", JSON.stringify(extra, null, 2)), { once: true });
}
