// Elements and figures. Text of users enters the page through textContent and setAttribute only.

export const UNKNOWN = "—";

export function el(tag, className, parent, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined && text !== null) node.textContent = text;
  if (parent) parent.appendChild(node);
  return node;
}

export function button(className, parent, label, onClick) {
  const node = el("button", className, parent);
  node.type = "button";
  node.setAttribute("aria-label", label);
  node.title = label;
  node.addEventListener("click", onClick);
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

export function svg(path, className) {
  const node = document.createElementNS(SVG, "svg");
  node.setAttribute("viewBox", "0 0 16 16");
  node.setAttribute("aria-hidden", "true");
  node.setAttribute("class", className);
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  node.appendChild(line);
  return node;
}

// The same rules as dashboard/formatting.py.
export function duration(ns) {
  if (ns === null || ns === undefined) return UNKNOWN;
  if (ns === 0) return "0 s";
  for (const [unit, size, below] of [["ns", 1, 1e3], ["µs", 1e3, 1e3], ["ms", 1e6, 1e3], ["s", 1e9, 60]]) {
    const text = size === 1 ? ns.toFixed(0) : (ns / size).toPrecision(3);
    if (Number(text) < below) return `${text} ${unit}`;
  }
  const seconds = Math.round(ns / 1e9);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(ns / 6e10);
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

// How long a span took: 0 is unknown, as docs/schema.md has it.
export function lasted(ns) {
  return duration(ns || null);
}

export function count(value) {
  return value === null || value === undefined ? UNKNOWN : value.toLocaleString("en-US");
}

// `usd` is a decimal in text. It is rounded for the eye only; sums are made on the server.
export function money(usd) {
  if (usd === null || usd === undefined) return UNKNOWN;
  const value = Number(usd);
  if (value === 0) return "$0.00";
  if (Math.abs(value) >= 1) return `$${value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  if (Math.abs(value) >= 0.01) return `$${value.toFixed(4)}`;
  return `$${value.toFixed(1 - Math.floor(Math.log10(Math.abs(value))))}`;
}

export function plural(value, noun) {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

export async function getJson(url, signal) {
  const answer = await fetch(url, { credentials: "same-origin", signal });
  const body = await answer.json().catch(() => ({ error: `The server answered ${answer.status}.` }));
  if (!answer.ok) throw new Error(body.error || `The server answered ${answer.status}.`);
  return body;
}
