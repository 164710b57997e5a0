// Replay of a run. All steps are here from the start, so the clock needs no server; texts come a few steps ahead.

import { button, count, duration, el, getJson, lasted, money, plural, svg } from "./dom.js";
import { renderContent } from "./conversation.js";
import { kindIcon, kindOf } from "./kinds.js";
import { StepList } from "./step_list.js";
import { Strip } from "./strip.js";

const SETTLE_MS = 300;
const AHEAD = 4; // texts fetched before they are needed
const KEPT = 64; // texts kept
const SPEEDS = [0.5, 1, 2, 5, 10, 20];

class Player {
  constructor(root) {
    this.root = root;
    this.texts = new Map();
    this.perSecond = 2;
    this.buildControls(root);
    this.strip = new Strip(el("div", "strip", root), (at) => this.seekTime(at));
    this.totals = el("dl", "totals", root);
    const body = el("div", "columns", root);
    this.list = new StepList(el("div", "steps", body), (step) => this.seek(step));
    this.scene = el("section", "scene", body);
    this.scene.tabIndex = 0;
    this.scene.setAttribute("aria-label", "What happened at this step");
    root.addEventListener("keydown", (event) => this.key(event));
  }

  buildControls(root) {
    const bar = el("div", "controls", root);
    this.icon(bar, "First step", "M4 3v10M13 3v10L6 8z", () => this.seek(0));
    this.icon(bar, "Step back", "M11.5 3v10L4 8z", () => this.seek(this.step - 1));
    this.play = button("play", bar, "Play", () => (this.playing ? this.pause() : this.start()));
    this.drawPlay();
    this.icon(bar, "Step forward", "M4.5 3v10L12 8z", () => this.seek(this.step + 1));
    this.icon(bar, "Last step", "M12 3v10M3 3v10l7-5z", () => this.seek(this.steps.length - 1));
    this.slider = el("input", "slider", bar);
    this.slider.type = "range";
    this.slider.min = 1;
    this.slider.setAttribute("aria-label", "Step");
    this.slider.addEventListener("input", () => this.seek(Number(this.slider.value) - 1));
    this.position = el("output", "position", bar);
    this.speed = el("select", "", bar);
    this.speed.setAttribute("aria-label", "Steps per second");
    for (const speed of SPEEDS) el("option", "", this.speed, `${speed} steps/s`).value = speed;
    this.speed.value = this.perSecond;
    this.speed.addEventListener("change", () => (this.perSecond = Number(this.speed.value)));
  }

  icon(bar, label, path, onClick) {
    button("icon-only", bar, label, onClick).appendChild(svg(path, "glyph"));
  }

  update(data, setTriggerValue) {
    this.tell = setTriggerValue;
    this.spanUrl = data.span_url;
    this.query = `?team=${encodeURIComponent(data.team)}`;
    this.turn ??= data.heard;
    // While a step of ours has not been heard, the address is older than what is on the screen.
    if (!this.settling && !this.playing && data.heard >= this.turn) this.wanted = data.step - 1;
    this.address = data.step;
    if (this.revision !== data.revision) {
      this.revision = data.revision;
      this.load(data.url);
    } else if (this.steps && this.wanted !== undefined && this.wanted !== this.step) this.seek(this.takeWanted(), false);
  }

  takeWanted() {
    const wanted = this.wanted ?? 0;
    this.wanted = undefined;
    return wanted;
  }

  async load(url) {
    try {
      const { tree, steps } = await getJson(url);
      const names = Object.keys(steps);
      this.steps = steps.row.map((_, i) => Object.fromEntries(names.map((name) => [name, steps[name][i]])));
      this.tree = tree;
      this.slider.max = this.steps.length;
      this.list.setData(tree, this.steps);
      this.strip.setData(tree);
      this.seek(this.takeWanted(), false);
      this.root.dataset.ready = "1";
    } catch (error) {
      this.problem(`The run could not be loaded. ${error.message}`);
    }
  }

  // Go to a step (from 0). `tell` writes it into the address of the page, once the viewer has settled on it.
  seek(step, tell = true) {
    if (!this.steps) return;
    if (tell) this.pause(false);
    this.show(Math.max(0, Math.min(this.steps.length - 1, step)));
    if (tell) this.write();
  }

  seekTime(at) {
    let step = 0;
    while (step + 1 < this.steps.length && this.steps[step + 1].at_ns <= at) step++;
    this.seek(step);
  }

  write() {
    clearTimeout(this.settling);
    this.settling = setTimeout(() => {
      this.settling = 0;
      if (this.step + 1 === this.address) return;
      this.turn += 1;
      this.tell("step", { step: this.step + 1, turn: this.turn });
    }, SETTLE_MS);
  }

  show(step) {
    this.step = step;
    const now = this.steps[step];
    this.slider.value = step + 1;
    this.slider.setAttribute("aria-valuetext", `step ${step + 1} of ${this.steps.length}`);
    this.position.textContent = `Step ${count(step + 1)} of ${count(this.steps.length)}`;
    this.list.show(step);
    this.strip.show(now.at_ns, now.row);
    this.drawTotals(now);
    this.drawScene(now);
    this.root.dataset.step = step + 1;
  }

  drawTotals(now) {
    this.totals.replaceChildren();
    const unpriced = now.unpriced_calls ? `+ ${plural(now.unpriced_calls, "call")} without a price` : "";
    const cost = now.cost_usd === null && now.unpriced_calls ? "no price" : money(now.cost_usd);
    for (const [label, value, note] of [
      ["Elapsed", duration(now.at_ns)],
      ["Cost so far", cost, unpriced],
      ["Input tokens so far", count(now.input_tokens)],
      ["Output tokens so far", count(now.output_tokens)],
    ]) {
      const box = el("div", "", this.totals);
      el("dt", "", box, label);
      el("dd", "", box, value);
      if (note) el("dd", "note", box, note);
    }
  }

  async drawScene(now) {
    const { tree } = this, row = now.row, kind = kindOf(tree.kind[row]);
    const failed = tree.status[row] === "error" && tree.approval_status[row] !== "requested";
    this.scene.replaceChildren();
    this.scene.dataset.span = "";
    const head = el("header", "span-head", this.scene);
    head.appendChild(kindIcon(tree.kind[row]));
    el("h2", "", head, tree.name[row] || "(no name)");
    const verb = now.event === "start" ? "starts" : failed ? "ends with an error" : "ends";
    el("p", `span-kind${failed ? " failed" : ""}`, this.scene, `${kind.label} ${verb}${tree.start_known[row] ? ` at +${duration(now.at_ns)}` : ", start unknown"} · ${lasted(tree.duration_ns[row])} long${tree.model[row] ? ` · ${tree.model[row]}` : ""}`);
    const body = el("div", "", this.scene);
    try {
      const span = await this.text(now.span_id);
      if (this.steps[this.step] !== now) return;
      if (failed && span.status_message) el("div", "problem", body, span.status_message);
      this.drawText(body, "Input", span.input);
      if (now.event === "end") this.drawText(body, "Output", span.output);
      this.scene.dataset.span = now.span_id;
      this.prefetch();
    } catch (error) {
      this.problem(`The text of this step could not be loaded. ${error.message}`);
    }
  }

  drawText(body, title, text) {
    el("h3", "", body, title);
    const box = el("div", "text-box", body);
    box.dataset.content = title.toLowerCase();
    renderContent(box, text);
  }

  text(spanId) {
    let found = this.texts.get(spanId);
    if (!found) {
      found = getJson(this.spanUrl + spanId + this.query);
      found.catch(() => this.texts.delete(spanId));
      this.texts.set(spanId, found);
      if (this.texts.size > KEPT) this.texts.delete(this.texts.keys().next().value);
    }
    return found;
  }

  prefetch() {
    for (const step of this.steps.slice(this.step + 1, this.step + 1 + AHEAD)) this.text(step.span_id).catch(() => {});
  }

  start() {
    if (!this.steps) return;
    if (this.step === this.steps.length - 1) this.show(0);
    this.playing = true;
    this.drawPlay();
    let last = performance.now(), owed = 0;
    const tick = (now) => {
      // A hidden tab does not catch up; a frame can be older than the click that started the clock.
      owed += (Math.max(0, Math.min(250, now - last)) * this.perSecond) / 1000;
      last = now;
      const steps = Math.floor(owed);
      owed -= steps;
      if (steps) this.show(Math.min(this.steps.length - 1, this.step + steps));
      if (this.step === this.steps.length - 1) this.pause();
      else this.frame = requestAnimationFrame(tick);
    };
    this.frame = requestAnimationFrame(tick);
  }

  pause(write = true) {
    if (!this.playing) return;
    this.playing = false;
    cancelAnimationFrame(this.frame);
    this.drawPlay();
    if (write) this.write();
  }

  drawPlay() {
    const label = this.playing ? "Pause" : "Play";
    this.play.replaceChildren(svg(this.playing ? "M5 3v10M11 3v10" : "M5 3v10l8-5z", "glyph"), label);
    this.play.setAttribute("aria-label", label);
    this.play.title = `${label} (space)`;
  }

  key(event) {
    if (!this.steps || event.ctrlKey || event.metaKey || event.altKey || event.target === this.speed) return;
    const to = { ArrowRight: this.step + 1, ArrowLeft: this.step - 1, Home: 0, End: this.steps.length - 1 }[event.key];
    if (to !== undefined) this.seek(to);
    else if (event.key === " " && event.target.tagName !== "BUTTON") this.play.click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  problem(text) {
    this.scene.replaceChildren();
    el("p", "problem", this.scene, text).setAttribute("role", "alert");
  }

  destroy() {
    clearTimeout(this.settling);
    cancelAnimationFrame(this.frame);
    this.list.destroy();
    this.strip.destroy();
  }
}

const players = new WeakMap();

export default function ({ parentElement, data, setTriggerValue }) {
  let player = players.get(parentElement);
  if (!player) players.set(parentElement, (player = new Player(parentElement.querySelector(".root"))));
  player.update(data, setTriggerValue);
  return () => {
    player.destroy();
    players.delete(parentElement);
  };
}
