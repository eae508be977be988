/** The picture of the graph: views to choose from, zoom, and the paths through what is hovered, focused or chosen. */
class Picture {
  static LEAST = 0.04;
  static MOST = 3;
  /** Labels can be read from here on. */
  static READABLE = 0.85;

  constructor(host, data) {
    this.data = data;
    this.chosen = null;
    this.onChoose = () => {};
    this.pointers = new Map();
    this.lines = make("g", { "aria-hidden": "true" });
    this.nodes = make("g");
    this.stage = make("g", {}, this.lines, this.nodes);
    this.svg = make("svg", {
      role: "application",
      tabindex: "-1",
      "aria-label": "Graph of packages. Arrow keys move along dependencies, Enter chooses a package, Escape lets go.",
    }, this.stage);
    this.tip = make("div", { class: "tip", role: "tooltip", id: "tip" });
    this.tip.hidden = true;
    this.frame = make("div", { class: "picture" }, this.svg, this.tip);
    host.append(this.bar(), this.frame, this.legend(), this.help());
    this.listen();
    this.show(data.start);
  }

  // The controls.

  bar() {
    const titles = { shortest: "Shortest paths to findings", paths: "All paths to findings", all: "All packages" };
    const views = this.data.views.map((view, at) => {
      const radio = make("input", { type: "radio", name: "view", value: view.name });
      radio.checked = at === this.data.start;
      radio.addEventListener("change", () => this.show(at));
      return make("label", {}, radio, `${titles[view.name]} (${view.boxes.length})`);
    });
    const button = (text, label, act) => {
      const made = make("button", { type: "button", "aria-label": label, title: label }, text);
      made.addEventListener("click", act);
      return made;
    };
    return make("div", { class: "bar" },
      views.length > 1 ? make("fieldset", {}, make("legend", {}, "Show"), ...views) : views[0].lastChild,
      make("div", { class: "zoom" },
        button("+", "Zoom in", () => this.zoom(1.25)),
        button("\u2212", "Zoom out", () => this.zoom(0.8)),
        button("Fit", "Show the whole graph", () => this.fit(0))));
  }

  legend() {
    const kinds = [...new Set(this.data.findings.map((finding) => finding.kind))].map((kind) =>
      make("li", { class: `kind ${kind}` }, make("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, this.mark(kind)), kind));
    const lines = [["normal", "dependency"], ["build", "build-dependency"], ["dev", "dev-dependency"], ["unbuilt", "not in this build"]]
      .filter(([kind]) => this.data.views.some((view) => view.edges.some((edge) => edge.kind === kind)))
      .map(([kind, words]) => make("li", {},
        make("svg", { class: "line", viewBox: "0 0 30 10", "aria-hidden": "true" }, make("path", { class: `edge ${kind}`, d: "M0 5H30" })), words));
    return make("ul", { class: "legend" }, ...kinds, ...lines);
  }

  help() {
    const keys = [
      ["Tab", "into and out of the graph"], ["\u2192 \u2190", "to a dependency, to a dependent"], ["\u2191 \u2193", "within a column"],
      ["Home", "to the workspace"], ["Enter", "chooses a package and its paths"], ["Escape", "lets go of it"],
      ["+ \u2212 0", "zoom in, out, show all"], ["Shift + arrows", "move the picture"],
    ];
    const items = keys.map(([key, does]) => make("li", {}, make("kbd", {}, key), ` ${does}`));
    return make("details", { class: "keys" }, make("summary", {}, "Keys and mouse"), make("ul", { class: "legend" }, ...items,
      make("li", {}, "Dragging moves the picture; the wheel zooms with Ctrl held, or once the picture was clicked.")));
  }

  mark(kind, attributes = {}) {
    return make("path", { class: "mark", d: this.data.marks[kind], "fill-rule": "evenodd", ...attributes });
  }

  // What is drawn.

  show(at) {
    this.view = this.data.views[at];
    const { boxes, edges, columns } = this.view;
    this.next = boxes.map(() => []);
    this.before = boxes.map(() => []);
    edges.forEach((edge, line) => {
      this.next[edge.from].push({ at: edge.to, line });
      this.before[edge.to].push({ at: edge.from, line });
    });
    this.stacks = columns.map(() => []);
    boxes.forEach((box, node) => this.stacks[box.column].push(node));
    for (const stack of this.stacks) stack.sort((a, b) => boxes[a].y - boxes[b].y);
    this.lines.replaceChildren(...edges.map((edge) => make("path", { class: `edge ${edge.kind}`, d: this.way(edge) })));
    this.nodes.replaceChildren(...boxes.map((box, node) => this.box(box, node)));
    this.frame.style.height = `${Math.min(Math.max(this.view.height + 60, 200), Math.max(innerHeight * 0.72, 320), 736)}px`;
    const first = boxes.findIndex((box) => this.data.packages[box.package].member);
    this.reach(Math.max(first, 0));
    this.tip.hidden = true;
    // What was chosen stays chosen where this view has it.
    const again = boxes.findIndex((box) => box.package === this.chosen?.package);
    if (again >= 0) this.choose(again, this.chosen.from);
    else this.letGo();
    if (again < 0) this.fit(Picture.READABLE);
  }

  /** An edge from its dependent on the left to its dependency on the right, or back. */
  way({ from, to, route }) {
    const { boxes, columns } = this.view;
    const [a, b] = boxes[from].column <= boxes[to].column ? [boxes[from], boxes[to]] : [boxes[to], boxes[from]];
    const stops = [...route, b.y];
    let x = columns[a.column][0] + columns[a.column][1];
    let y = a.y;
    let way = `M${columns[a.column][0] + a.width} ${y}H${x}`;
    stops.forEach((stop, step) => {
      const [left, width] = columns[a.column + 1 + step];
      const bend = (left - x) / 2;
      way += `C${x + bend} ${y} ${left - bend} ${stop} ${left} ${stop}`;
      if (step < route.length) way += `H${left + width}`;
      x = left + width;
      y = stop;
    });
    return way;
  }

  box(box, node) {
    const { packages, findings, height } = this.data;
    const it = packages[box.package];
    const kind = it.findings.length ? findings[it.findings[0]].kind : null;
    const classes = ["node", it.member && "member", it.scope === "unbuilt" && !it.member && "unbuilt", kind && `found ${kind}`];
    const size = { width: box.width, height, rx: 6 };
    const made = make("g", {
      class: classes.filter(Boolean).join(" "),
      transform: `translate(${this.view.columns[box.column][0]} ${box.y - height / 2})`,
      role: "button",
      tabindex: "-1",
      "aria-pressed": "false",
      "aria-label": this.words(it, node).join("; "),
      "data-node": node,
    }, make("rect", size), make("rect", { ...size, class: "ring", x: -3, y: -3, width: box.width + 6, height: height + 6, rx: 8 }));
    if (kind) made.append(this.mark(kind, { transform: "translate(9 7)" }));
    made.append(make("text", { x: kind ? 27 : 10, y: 17 },
      make("tspan", { class: "label" }, it.label[0]), make("tspan", { class: "version" }, ` ${it.label[1]}`)));
    return made;
  }

  /** What there is to say of a package, in lines. */
  words(it, node) {
    const lines = [`${it.name} ${it.version}`];
    lines.push(it.member ? "member of the workspace" : `scope: ${it.scope}`);
    for (const at of it.findings) {
      const { kind, id, title } = this.data.findings[at];
      lines.push([kind, id, title].filter(Boolean).join(", "));
    }
    lines.push(`needed by ${this.before[node].length}, needs ${this.next[node].length} of those shown`);
    if (it.features.length) lines.push(`features: ${it.features.slice(0, 12).join(", ")}${it.features.length > 12 ? ", \u2026" : ""}`);
    if (it.source && !it.source.includes("crates.io-index")) lines.push(`from ${it.source}`);
    return lines;
  }

  // What is looked at.

  /** Everything on a path that ends at a node, or begins at it. */
  through(node, onward) {
    const on = { nodes: new Set([node]), lines: new Set() };
    const follow = (links) => {
      const open = [node];
      const seen = new Set(open);
      while (open.length) {
        for (const { at, line } of links[open.pop()]) {
          on.lines.add(line);
          on.nodes.add(at);
          if (!seen.has(at)) open.push(at);
          seen.add(at);
        }
      }
    };
    follow(this.before);
    if (onward) follow(this.next);
    return on;
  }

  light(on) {
    this.stage.classList.toggle("lit", on !== null);
    [...this.nodes.children].forEach((element, node) => element.classList.toggle("on", on?.nodes.has(node) ?? false));
    [...this.lines.children].forEach((element, line) => element.classList.toggle("on", on?.lines.has(line) ?? false));
  }

  /** Shows what a node is, and the paths through it. Without a node, what is chosen again. */
  look(node) {
    if (node === null) {
      this.tip.hidden = true;
      this.light(this.chosen ? this.through(this.chosen.node, false) : null);
      return;
    }
    this.light(this.through(node, true));
    const [first, ...rest] = this.words(this.data.packages[this.view.boxes[node].package], node);
    this.tip.replaceChildren(make("strong", {}, first), ...rest.map((line) => make("p", {}, line)));
    this.tip.hidden = false;
    const box = this.nodes.children[node].getBoundingClientRect();
    const frame = this.frame.getBoundingClientRect();
    const below = box.bottom - frame.top + 8;
    const above = box.top - frame.top - this.tip.offsetHeight - 8;
    const right = frame.width - this.tip.offsetWidth - 8;
    this.tip.style.left = `${Math.max(8, Math.min(box.left - frame.left, right))}px`;
    this.tip.style.top = `${below + this.tip.offsetHeight < frame.height || above < 0 ? below : above}px`;
  }

  choose(node, from = null) {
    const at = this.view.boxes[node].package;
    this.letGo();
    this.chosen = { node, package: at, from };
    const element = this.nodes.children[node];
    element.classList.add("chosen");
    element.setAttribute("aria-pressed", "true");
    const on = this.through(node, false);
    this.light(on);
    this.onChoose(this.data.packages[at].findings);
    this.bring(on.nodes, node);
  }

  letGo() {
    for (const element of this.nodes.querySelectorAll(".chosen")) {
      element.classList.remove("chosen");
      element.setAttribute("aria-pressed", "false");
    }
    this.chosen = null;
    this.light(null);
    this.onChoose([]);
  }

  /** Shows the paths to a finding that was chosen elsewhere, by `from`. */
  chooseFinding(finding, from) {
    const at = this.data.findings[finding].package;
    const node = this.view.boxes.findIndex((box) => box.package === at);
    if (node < 0) return;
    this.frame.scrollIntoView({ block: "nearest" });
    this.choose(node, from);
    this.reach(node);
    this.nodes.children[node].focus({ preventScroll: true });
  }

  /** Makes a node the one that the Tab key leads to. */
  reach(node) {
    const elements = this.nodes.children;
    elements[this.reached]?.setAttribute("tabindex", "-1");
    elements[node]?.setAttribute("tabindex", "0");
    this.reached = node;
  }

  // What is in sight.

  move(x, y, scale) {
    this.scale = Math.min(Math.max(scale, Picture.LEAST), Picture.MOST);
    this.x = x;
    this.y = y;
    this.stage.classList.toggle("far", this.scale < 0.4);
    this.stage.setAttribute("transform", `translate(${x} ${y}) scale(${this.scale})`);
  }

  /** Zooms about a point of the picture, else about its middle. */
  zoom(factor, x = this.svg.clientWidth / 2, y = this.svg.clientHeight / 2) {
    const scale = Math.min(Math.max(this.scale * factor, Picture.LEAST), Picture.MOST);
    const by = scale / this.scale;
    this.move(x - (x - this.x) * by, y - (y - this.y) * by, scale);
    this.tip.hidden = true;
  }

  /** Shows everything, or as much as there is room for at the scale `least`, beginning with the workspace. */
  fit(least) {
    this.frameArea([0, 0, this.view.width, this.view.height], least, this.reached);
  }

  /** Shows nodes, or of too many the surroundings of one. */
  bring(nodes, about) {
    const { boxes, columns } = this.view;
    const half = this.data.height / 2;
    const area = [Infinity, Infinity, -Infinity, -Infinity];
    for (const node of nodes) {
      const { column, y, width } = boxes[node];
      area[0] = Math.min(area[0], columns[column][0]);
      area[1] = Math.min(area[1], y - half);
      area[2] = Math.max(area[2], columns[column][0] + width);
      area[3] = Math.max(area[3], y + half);
    }
    this.frameArea(area, 0.6, about);
  }

  frameArea([left, top, right, bottom], least, about) {
    const margin = 24;
    const [width, height] = [this.svg.clientWidth, this.svg.clientHeight];
    const fits = Math.min((width - 2 * margin) / Math.max(right - left, 1), (height - 2 * margin) / Math.max(bottom - top, 1), 1);
    const scale = Math.max(fits, least, Picture.LEAST);
    const box = this.view.boxes[about];
    // The middle of the area, unless that would leave out what it is about.
    const along = (from, to, room, start, end) => {
      if ((to - from) * scale <= room - 2 * margin) return (room - (from + to) * scale) / 2;
      return Math.min(margin - from * scale, Math.max(room - margin - to * scale, (room - (start + end) * scale) / 2));
    };
    const start = box ? this.view.columns[box.column][0] : left;
    const y = box ? box.y : top;
    this.move(along(left, right, width, start, start + (box?.width ?? 0)), along(top, bottom, height, y, y), scale);
  }

  /** Moves the picture so that a node is in sight. */
  follow(node) {
    const { column, y, width } = this.view.boxes[node];
    const x = this.view.columns[column][0];
    const into = (from, to, offset, room) => {
      if (from * this.scale + offset < 20) return 20 - from * this.scale;
      if (to * this.scale + offset > room - 20) return room - 20 - to * this.scale;
      return offset;
    };
    this.move(into(x, x + width, this.x, this.svg.clientWidth), into(y - 20, y + 20, this.y, this.svg.clientHeight), this.scale);
  }

  // What the user does.

  listen() {
    const nodeOf = (event) => {
      const element = event.target.closest?.("[data-node]");
      return element ? Number(element.dataset.node) : null;
    };
    this.svg.addEventListener("keydown", (event) => this.key(event));
    this.svg.addEventListener("focusin", (event) => {
      const node = nodeOf(event);
      if (node === null) return;
      this.reach(node);
      this.follow(node);
      this.look(node);
    });
    this.svg.addEventListener("focusout", () => this.look(null));
    this.svg.addEventListener("pointerover", (event) => {
      const node = nodeOf(event);
      if (node !== null && !this.pointers.size) this.look(node);
    });
    this.svg.addEventListener("pointerout", (event) => {
      if (nodeOf(event) !== null && !this.pointers.size) this.look(null);
    });
    this.svg.addEventListener("pointerdown", (event) => {
      this.dragged = 0;
      this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
    });
    this.svg.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
      this.svg.addEventListener(end, (event) => {
        this.pointers.delete(event.pointerId);
        this.svg.classList.remove("moving");
      });
    }
    this.svg.addEventListener("click", (event) => {
      // What ends a drag is no click.
      if (this.dragged > 4) return;
      const node = nodeOf(event);
      if (node === null || node === this.chosen?.node) this.letGo();
      else this.choose(node);
    });
    this.svg.addEventListener("wheel", (event) => {
      // Otherwise the page scrolls, as one expects.
      if (!event.ctrlKey && !event.metaKey && !this.svg.contains(document.activeElement)) return;
      event.preventDefault();
      const frame = this.svg.getBoundingClientRect();
      this.zoom(Math.exp(-Math.sign(event.deltaY) * Math.min(Math.abs(event.deltaY), 60) / 300), event.clientX - frame.left, event.clientY - frame.top);
    }, { passive: false });
    addEventListener("beforeprint", () => {
      this.kept = { place: [this.x, this.y, this.scale], height: this.frame.style.height };
      this.frame.style.height = "";
      this.tip.hidden = true;
      this.svg.setAttribute("viewBox", `0 0 ${Math.max(this.view.width, 1)} ${Math.max(this.view.height, 1)}`);
      this.stage.removeAttribute("transform");
    });
    addEventListener("afterprint", () => {
      this.svg.removeAttribute("viewBox");
      this.frame.style.height = this.kept.height;
      this.move(...this.kept.place);
    });
  }

  drag(event) {
    const was = this.pointers.get(event.pointerId);
    if (!was) return;
    const now = [event.clientX, event.clientY];
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId);
    this.dragged += Math.hypot(now[0] - was[0], now[1] - was[1]);
    this.pointers.set(event.pointerId, now);
    if (this.dragged <= 4) return;
    this.svg.classList.add("moving");
    this.svg.setPointerCapture(event.pointerId);
    if (others.length === 0) {
      this.tip.hidden = true;
      this.move(this.x + now[0] - was[0], this.y + now[1] - was[1], this.scale);
    } else {
      const other = others[0][1];
      const frame = this.svg.getBoundingClientRect();
      const apart = (point) => Math.max(Math.hypot(point[0] - other[0], point[1] - other[1]), 1);
      this.zoom(apart(now) / apart(was), (now[0] + other[0]) / 2 - frame.left, (now[1] + other[1]) / 2 - frame.top);
    }
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    const at = this.reached;
    if (event.shiftKey && steps[event.key]) {
      this.tip.hidden = true;
      this.move(this.x + steps[event.key][0], this.y + steps[event.key][1], this.scale);
    } else if (event.key === "+" || event.key === "=") this.zoom(1.25);
    else if (event.key === "-") this.zoom(0.8);
    else if (event.key === "0") this.fit(0);
    else if (event.key === "Enter" || event.key === " ") {
      if (at === this.chosen?.node) this.letGo();
      else this.choose(at);
    } else if (event.key === "Escape") {
      const from = this.chosen?.from;
      this.letGo();
      this.tip.hidden = true;
      from?.focus();
    } else {
      const to = this.neighbour(event.key, at);
      if (to === undefined) return;
      if (to !== null) this.nodes.children[to].focus({ preventScroll: true });
    }
    event.preventDefault();
  }

  /** Where a key leads from a node: null for nowhere, undefined for a key that means nothing. */
  neighbour(key, node) {
    const { boxes } = this.view;
    const stack = this.stacks[boxes[node].column];
    const place = stack.indexOf(node);
    const nearest = (links) => links.map(({ at }) => at)
      .sort((a, b) => Math.abs(boxes[a].y - boxes[node].y) - Math.abs(boxes[b].y - boxes[node].y))[0] ?? null;
    switch (key) {
      case "ArrowRight": return nearest(this.next[node]);
      case "ArrowLeft": return nearest(this.before[node]);
      case "ArrowUp": return stack[place - 1] ?? null;
      case "ArrowDown": return stack[place + 1] ?? null;
      case "Home": return Math.max(boxes.findIndex((box) => this.data.packages[box.package].member), 0);
      default: return undefined;
    }
  }
}

const picture = new Picture(document.getElementById("graph"), data);
const findings = document.getElementById("findings");
if (findings) {
  const table = new Table(findings, document.getElementById("controls"));
  table.choose = (finding, button) => picture.chooseFinding(finding, button);
  picture.onChoose = (chosen) => table.mark(chosen);
}
