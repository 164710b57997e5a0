// The steps of a replay as a list; only those in view exist as elements.

import { duration, el } from "./dom.js";
import { kindIcon, kindOf } from "./kinds.js";

const ROW = 28; // px, the same as .step in player.css

export class StepList {
  constructor(root, onPick) {
    this.viewport = root;
    this.pool = [];
    this.now = 0;
    root.setAttribute("role", "listbox");
    root.setAttribute("aria-label", "Steps");
    root.tabIndex = 0;
    this.pad = el("div", "pad", root);
    this.pad.setAttribute("role", "presentation");
    root.addEventListener("scroll", () => this.request(), { passive: true });
    root.addEventListener("click", (event) => {
      const node = event.target.closest(".step");
      if (node) onPick(Number(node.dataset.step));
    });
    this.resized = new ResizeObserver(() => this.request());
    this.resized.observe(root);
  }

  setData(tree, steps) {
    Object.assign(this, { tree, steps });
    this.pad.style.height = `${steps.length * ROW}px`;
    this.request();
  }

  show(step) {
    this.now = step;
    const top = step * ROW, { scrollTop, clientHeight } = this.viewport;
    if (top < scrollTop + ROW || top + 2 * ROW > scrollTop + clientHeight) this.viewport.scrollTop = top - clientHeight / 2;
    this.request();
  }

  request() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (this.steps) this.paint();
    });
  }

  paint() {
    const { scrollTop, clientHeight } = this.viewport;
    const first = Math.max(0, Math.floor(scrollTop / ROW) - 4);
    const last = Math.min(this.steps.length, Math.ceil((scrollTop + clientHeight) / ROW) + 4);
    while (this.pool.length < last - first) this.pool.push(this.make());
    const size = this.pool.length;
    for (let k = first; k < first + size; k++) this.draw(this.pool[k % size], k < last ? k : -1);
    this.viewport.setAttribute("aria-activedescendant", `step-${this.now}`);
  }

  make() {
    const node = el("div", "step", this.pad);
    node.setAttribute("role", "option");
    return { node, icon: el("span", "icon", node), name: el("span", "label", node), at: el("span", "at", node) };
  }

  draw(row, step) {
    row.node.style.display = step < 0 ? "none" : "";
    if (step < 0) return;
    const { row: index, event, at_ns: at } = this.steps[step];
    const failed = event === "end" && this.tree.status[index] === "error" && this.tree.approval_status[index] !== "requested";
    row.node.id = `step-${step}`;
    row.node.dataset.step = step;
    row.node.className = `step${step === this.now ? " now" : ""}${step > this.now ? " later" : ""}${failed ? " failed" : ""}`;
    row.node.style.transform = `translateY(${step * ROW}px)`;
    row.node.setAttribute("aria-selected", step === this.now);
    row.node.setAttribute("aria-posinset", step + 1);
    row.node.setAttribute("aria-setsize", this.steps.length);
    row.icon.replaceChildren(kindIcon(this.tree.kind[index]));
    row.icon.title = kindOf(this.tree.kind[index]).label;
    const sign = event === "start" ? "┌ " : this.tree.end[index] > index + 1 ? "└ " : "";
    row.name.textContent = `${failed ? "✕ " : ""}${sign}${this.tree.name[index] || "(no name)"}`;
    row.name.title = this.tree.name[index];
    row.at.textContent = this.tree.start_known[index] ? `+${duration(at)}` : "start unknown";
  }

  destroy() {
    this.resized.disconnect();
    cancelAnimationFrame(this.frame);
  }
}
