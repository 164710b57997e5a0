// The tools that a model was offered: their names in one line, description and parameters when it is opened.

import { el, plural } from "./dom.js";
import { pretty, renderLong } from "./text.js";

export function isTool(part) {
  return part.type === "tool_definition";
}

export function renderTools(parent, tools) {
  const fold = el("details", "tools", parent);
  const summary = el("summary", "", fold, `${plural(tools.length, "tool")} offered`);
  el("span", "note", summary, tools.map(nameOf).join(", "));
  fold.addEventListener("toggle", () => {
    const list = el("dl", "", fold);
    for (const tool of tools) renderTool(list, tool);
  }, { once: true });
}

function renderTool(list, tool) {
  el("dt", "", list, nameOf(tool));
  if (tool.description) renderLong(el("dd", "", list), "", pretty(tool.description));
  const parameters = pretty(tool.parameters);
  if (!parameters) return;
  const schema = el("details", "", el("dd", "", list));
  el("summary", "", schema, "Parameters").setAttribute("aria-label", `Parameters of ${nameOf(tool)}`);
  renderLong(schema, "pre json", parameters);
}

function nameOf(tool) {
  return tool.name ? String(tool.name) : "(no name)";
}
