// Links to what comes before and after. Real links: they open in a new tab, too.

import { el } from "./dom.js";

export default function ({ parentElement, data, setTriggerValue }) {
  const nav = parentElement.querySelector(".root");
  nav.setAttribute("aria-label", data.label);
  nav.replaceChildren();
  for (const { label, href } of data.links) {
    const link = el(href ? "a" : "span", "", nav, label);
    if (!href) continue;
    link.href = href;
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return; // the browser's own: a new tab
      event.preventDefault();
      setTriggerValue("open", href);
    });
  }
  return () => {};
}
