// Everything that is known of one span.

import { renderContent } from "./conversation.js";
import { count, duration, el, lasted, money, plural, UNKNOWN } from "./dom.js";
import { kindIcon, kindOf } from "./kinds.js";
import { Records } from "./records.js";

// An agent keeps its tokens among its units until they count.
const TOKEN_COLUMNS = new Set(["input_tokens", "output_tokens", "cached_input_tokens", "cache_write_tokens", "reasoning_tokens"]);

// `offset` is where the span starts in its run (ns; null: unknown), `logs` where its log records come from, `note` what is to be known
// before anything else.
export function renderSpan(parent, span, { offset, logs, note }) {
  parent.replaceChildren();
  const head = el("header", "span-head", parent);
  head.appendChild(kindIcon(span.kind));
  el("h2", "", head, span.name || "(no name)");
  el("p", "span-kind", parent, [kindOf(span.kind).label, span.agent_name, span.scope_name].filter(Boolean).join(" · "));
  if (note) el("p", "problem", parent, note).setAttribute("role", "note");
  if (span.status === "error") {
    const box = el("div", "problem", parent);
    box.setAttribute("role", "note");
    el("strong", "", box, `✕ ${span.error_type || "Error"}`);
    if (span.status_message) el("p", "", box, span.status_message);
  }
  renderFacts(el("dl", "facts", parent), span, offset);
  content(parent, "Input", span.input);
  content(parent, "Output", span.output);
  renderEvents(parent, parseList(span.events));
  renderRecords(parent, span.log_records, logs);
  renderLinks(parent, parseList(span.links), span.team);
  pairs(parent, "Redacted", span.findings, true);
  pairs(parent, "Attributes", span.attributes, false);
  pairs(parent, "Resource", span.resource_attributes, false);
  el("p", "ids", parent, `span ${span.span_id}${span.parent_span_id ? ` · parent ${span.parent_span_id}` : ""}${span.dialect ? ` · ${span.dialect}` : ""}${span.redaction_version ? ` · redaction ${span.redaction_version}` : ""}`);
  if (span.truncated) el("p", "problem", parent, span.attributes["otlp.mended"] ? "Some values of this span could not be read: see the attribute otlp.mended." : "The sender dropped some attributes, events or links of this span.");
}

function renderFacts(list, span, offset) {
  fact(list, "Duration", lasted(span.duration_ns));
  fact(list, "Started", offset === null ? UNKNOWN : `+${duration(offset)}`);
  const calls = span.kind === "llm" || span.kind === "embedding" || span.kind === "reranker";
  if (span.model || calls) fact(list, "Model", [span.provider, span.model].filter(Boolean).join(" / ") || UNKNOWN);
  if (calls || span.input_tokens !== null || span.output_tokens !== null || Object.keys(span.usage_units || {}).length) {
    fact(list, "Tokens", `${count(span.input_tokens)} in · ${count(span.output_tokens)} out`, tokenNotes(span));
  }
  if (span.cost_usd !== null) fact(list, "Cost", money(span.cost_usd), span.cost_source, `$${span.cost_usd}`);
  else if (span.unpriced_reason) fact(list, "Cost", "no price", span.unpriced_reason);
  else if (calls) fact(list, "Cost", "no price");
  if (span.reported_cost_usd !== null) {
    const more = span.cost_usd !== null && Number(span.reported_cost_usd) > 1.01 * Number(span.cost_usd);
    const note = more ? "more than our price: it may hold a fee that is not in the counts" : "";
    fact(list, "Cost reported by the sender", money(span.reported_cost_usd), note);
  }
  if (span.service_tier) fact(list, "Service tier", span.service_tier);
  for (const [label, value] of [
    ["OpenTelemetry kind", span.span_kind], ["Trace state", span.trace_state],
    ["Tool", span.tool_name], ["Tool call", span.tool_call_id], ["Response", span.response_id],
    ["Prompt", [span.prompt_name, span.prompt_version].filter(Boolean).join(" v")],
    ["Policy", [span.policy_name, span.policy_decision].filter(Boolean).join(": ")],
    ["Approval", [span.approval_status, span.approval_by].filter(Boolean).join(" by ")],
    ["Outcome", span.outcome], ["Evaluation", span.evaluation],
  ]) if (value) fact(list, label, value);
}

function tokenNotes(span) {
  const notes = [["cached", span.cached_input_tokens], ["cache write", span.cache_write_tokens], ["reasoning", span.reasoning_tokens]];
  for (const [unit, number] of Object.entries(span.usage_units || {})) {
    if (!TOKEN_COLUMNS.has(unit) || span.unpriced_reason.startsWith("counted")) notes.push([unit.replaceAll("_", " "), number]);
  }
  const counted = notes.filter(([, value]) => value).map(([label, value]) => `${count(value)} ${label}`);
  return [...counted, span.usage_note].filter(Boolean).join(" · ");
}

function fact(list, label, value, note, title) {
  const box = el("div", "", list);
  el("dt", "", box, label);
  const shown = el("dd", "", box, value);
  if (title) shown.title = title;
  if (note) el("small", "", shown, note);
}

function section(parent, title, { open, note } = {}) {
  const fold = el("details", "section", parent);
  fold.open = Boolean(open);
  const summary = el("summary", "", fold, title);
  if (note) el("span", "note", summary, note);
  return el("div", "body", fold);
}

function content(parent, title, text) {
  const body = section(parent, title, { open: true, note: text ? `${count(text.length)} characters` : "none" });
  body.dataset.content = title.toLowerCase();
  renderContent(body, text);
}

function pairs(parent, title, map, open) {
  const entries = Object.entries(map || {}).sort(([a], [b]) => (a < b ? -1 : 1));
  if (!entries.length) return;
  const list = el("dl", "pairs", section(parent, title, { open, note: count(entries.length) }));
  for (const [key, value] of entries) {
    el("dt", "", list, key);
    el("dd", "", list, String(value));
  }
}

function renderEvents(parent, events) {
  if (!events.length) return;
  const body = section(parent, "Events", { note: plural(events.length, "event") });
  for (const event of events) {
    el("h3", "", body, event.name || "(no name)");
    const list = el("dl", "pairs", body);
    for (const [key, value] of Object.entries(event.attributes || {})) {
      el("dt", "", list, key);
      el("dd", "", list, typeof value === "string" ? value : JSON.stringify(value));
    }
  }
}

function renderRecords(parent, total, url) {
  if (!total) return;
  const body = section(parent, "Log records", { note: plural(total, "record") });
  body.parentElement.addEventListener("toggle", () => new Records(body, url), { once: true });
}

function renderLinks(parent, links, team) {
  if (!links.length) return;
  const body = section(parent, "Links", { note: plural(links.length, "link") });
  for (const link of links) {
    const anchor = el("a", "", el("p", "", body), `run ${link.trace_id}, span ${link.span_id}`);
    anchor.href = `/run?trace=${encodeURIComponent(link.trace_id)}&span=${encodeURIComponent(link.span_id)}&run_team=${encodeURIComponent(team)}`;
  }
}

function parseList(text) {
  try {
    const list = JSON.parse(text || "[]");
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}
