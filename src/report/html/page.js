"use strict";

// What others wrote is in `data` as text, and becomes text: elements are made one by one, and nothing is ever parsed.
const data = JSON.parse(document.getElementById("data").textContent);

/** An element with attributes and children. Strings among the children are text. */
function make(name, attributes = {}, ...children) {
  const svg = ["svg", "g", "path", "rect", "text", "tspan"].includes(name);
  const element = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** "1 package", "2 packages". */
const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

/** The table of findings: sorted by its heads, narrowed by words, each package a button. */
class Table {
  constructor(table, controls) {
    this.table = table;
    this.body = table.tBodies[0];
    this.rows = [...this.body.rows];
    this.heads = [...table.tHead.rows[0].cells];
    this.choose = () => {};
    this.filter = make("input", { type: "search", id: "filter", autocomplete: "off", spellcheck: "false" });
    this.status = make("span", { class: "quiet", role: "status" });
    controls.className = "bar";
    controls.append(make("label", { for: "filter" }, "Filter"), this.filter, this.status);
    this.filter.addEventListener("input", () => this.narrow());
    this.heads.forEach((head, column) => {
      const button = make("button", { type: "button" }, head.textContent);
      head.replaceChildren(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => this.sort(column));
    });
    this.rows.forEach((row, finding) => {
      const name = row.querySelector(".name");
      const button = make("button", { type: "button", class: "name", "aria-pressed": "false" }, name.textContent);
      button.title = "Show the paths to it in the graph";
      name.replaceWith(button);
      button.addEventListener("click", () => this.choose(finding, button));
    });
    // On paper nobody can open what is closed.
    const closed = [...this.body.querySelectorAll("details:not([open])")];
    addEventListener("beforeprint", () => closed.forEach((details) => { details.dataset.open = details.open; details.open = true; }));
    addEventListener("afterprint", () => closed.forEach((details) => { details.open = details.dataset.open === "true"; }));
    this.texts = this.rows.map((row) => row.textContent.toLowerCase());
    this.narrow();
  }

  /** Sorts by a column, and the other way round if it was sorted by that. Of equals the worst stays first. */
  sort(column) {
    const head = this.heads[column];
    const down = head.getAttribute("aria-sort") === "ascending";
    const numbers = head.dataset.sort === "number";
    const key = (row) => row.cells[column].dataset.key;
    const order = new Intl.Collator("en", { numeric: true });
    const sorted = [...this.rows].sort((a, b) => {
      const compared = numbers ? Number(key(a)) - Number(key(b)) : order.compare(key(a), key(b));
      return down ? -compared : compared;
    });
    for (const other of this.heads) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    this.body.append(...sorted);
  }

  /** Shows the rows that hold every word of the filter. */
  narrow() {
    const words = this.filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    this.rows.forEach((row, finding) => {
      row.hidden = !words.every((word) => this.texts[finding].includes(word));
      shown += row.hidden ? 0 : 1;
    });
    this.status.textContent = words.length
      ? `${shown} of ${counted(this.rows.length, "finding", "findings")}`
      : counted(this.rows.length, "finding", "findings");
  }

  /** Marks the rows of these findings. */
  mark(findings) {
    this.rows.forEach((row, finding) => {
      const chosen = findings.includes(finding);
      row.classList.toggle("chosen", chosen);
      row.querySelector("button.name").setAttribute("aria-pressed", String(chosen));
    });
  }
}

