// Text that may be JSON, and may be long.

import { el } from "./dom.js";

const FOLD_FROM = 2400; // characters shown before "Show all"

export function parse(text) {
  const start = text.trimStart()[0];
  if (start !== "{" && start !== "[" && start !== '"') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // senders cut JSON in the middle: it is shown as the text it is
  }
}

export function pretty(value) {
  if (typeof value === "string") {
    const parsed = parse(value);
    return parsed !== undefined && typeof parsed === "object" ? JSON.stringify(parsed, null, 2) : value;
  }
  return value === undefined || value === null ? "" : JSON.stringify(value, null, 2);
}

export function renderLong(parent, className, text) {
  const block = el("div", className, parent);
  if (text.length <= FOLD_FROM) {
    block.textContent = text;
    return block;
  }
  block.textContent = `${text.slice(0, FOLD_FROM)}…`;
  const more = el("button", "more", parent, `Show all ${text.length.toLocaleString("en-US")} characters`);
  more.type = "button";
  more.addEventListener("click", () => {
    block.textContent = text;
    more.remove();
  });
  return block;
}
