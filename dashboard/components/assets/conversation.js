// Input and output of a span as a person reads them: a conversation, indented JSON, or plain text.

import { el, plural } from "./dom.js";
import { renderExtra } from "./extra.js";
import { parse, pretty, renderLong } from "./text.js";
import { isTool, renderTools } from "./tools.js";

const ROLES = new Set(["system", "developer", "user", "assistant", "tool", "function", "model", "ai", "human"]);
const MOST_MESSAGES = 6; // shown without folding
const NEWEST = 4; // shown when folded

export function renderContent(parent, text) {
  parent.replaceChildren();
  if (!text) {
    el("p", "none", parent, "Nothing was recorded.");
    return;
  }
  const value = parse(text);
  const messages = asMessages(value);
  if (messages) {
    renderMessages(parent, messages);
  } else if (value !== undefined && typeof value === "object") {
    renderLong(parent, "pre json", JSON.stringify(value, null, 2));
  } else {
    renderLong(parent, "pre", typeof value === "string" ? value : text);
  }
}

function asMessages(value) {
  const list = Array.isArray(value) ? value : value && Array.isArray(value.messages) ? value.messages : value ? [value] : [];
  const are = list.length > 0 && list.every((m) => m && typeof m === "object" && ROLES.has(String(m.role).toLowerCase()));
  return are ? list : null;
}

// Agents resend the whole history with each call: the newest messages are open, the ones before are one click away.
// The tools that the first one offers stand above them all.
function renderMessages(parent, given) {
  const opening = parts(given[0]), offered = opening.filter(isTool);
  let messages = given;
  if (offered.length) {
    renderTools(parent, offered);
    const rest = { ...given[0], content: "", tool_calls: [], parts: opening.filter((part) => !isTool(part)) };
    messages = rest.parts.length || rest.extra ? [rest, ...given.slice(1)] : given.slice(1);
  }
  const earlier = messages.length > MOST_MESSAGES ? messages.slice(0, messages.length - NEWEST) : [];
  if (earlier.length) {
    const fold = el("details", "earlier", parent);
    el("summary", "", fold, plural(earlier.length, "earlier message"));
    fold.addEventListener("toggle", () => {
      const list = el("ol", "conversation", fold);
      for (const message of earlier) renderMessage(list, message);
    }, { once: true });
  }
  const list = el("ol", "conversation", parent);
  for (const message of messages.slice(earlier.length)) renderMessage(list, message);
}

function renderMessage(list, message) {
  const role = String(message.role).toLowerCase();
  const item = el("li", `message role-${role.replace(/[^a-z]/g, "")}`, list);
  const head = el("div", "role", item, role);
  if (message.name) el("span", "name", head, String(message.name));
  if (message.finish_reason) el("span", "finish", head, String(message.finish_reason));
  const all = parts(message), offered = all.filter(isTool);
  if (offered.length) renderTools(item, offered);
  for (const part of all) {
    if (isTool(part)) continue;
    renderPart(item, part);
    renderExtra(item, part.extra);
  }
  renderExtra(item, message.extra);
}

function parts(message) {
  const own = Array.isArray(message.parts) ? message.parts : Array.isArray(message.content) ? message.content : [];
  const all = own.map((part) => (part && typeof part === "object" ? part : { type: "text", content: String(part) }));
  if (typeof message.content === "string" && message.content) all.unshift({ type: "text", content: message.content });
  for (const call of Array.isArray(message.tool_calls) ? message.tool_calls : []) {
    const made = call.function || call;
    all.push({ type: "tool_call", id: call.id, name: made.name, arguments: made.arguments });
  }
  return all;
}

function renderPart(item, part) {
  switch (part.type) {
    case "text":
      return renderLong(item, "text", asText(part.content ?? part.text));
    case "media": {
      const box = el("div", "call", item);
      el("div", "call-head", box, [part.modality || "file", part.mime_type].filter(Boolean).join(" · "));
      return renderLong(box, "pre", pretty(part.uri ?? part.content));
    }
    case "reasoning":
    case "thinking": {
      const fold = el("details", "reasoning", item);
      el("summary", "", fold, "Reasoning");
      return renderLong(fold, "text", asText(part.content ?? part.text ?? part.thinking));
    }
    case "tool_call":
    case "tool_use": {
      const box = el("div", "call", item);
      const head = el("div", "call-head", box, "calls ");
      el("code", "", head, String(part.name ?? "a tool"));
      const given = part.arguments ?? part.input;
      if (given !== undefined && given !== null && given !== "") renderLong(box, "pre json", pretty(given));
      return box;
    }
    case "tool_call_response":
    case "tool_result": {
      const failed = part.extra?.is_error === true;
      const box = el("div", failed ? "call failed" : "call", item);
      el("div", "call-head", box, failed ? "✕ error" : "result");
      return renderLong(box, "pre", pretty(part.response ?? part.result ?? part.content));
    }
    default: { // a block that Spanledger does not know shows itself
      const box = el("div", "call", item);
      el("div", "call-head", box, String(part.type ?? "part"));
      return renderLong(box, "pre json", pretty("content" in part ? part.content : part));
    }
  }
}

function asText(value) {
  return typeof value === "string" ? value : pretty(value);
}
