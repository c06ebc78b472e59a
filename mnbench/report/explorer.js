"use strict";
// The explorer: what is chosen is one state, and everything on the page is drawn anew from it.
(() => {
  const DATA = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const INTERVAL = "95 % interval";

  // What is chosen; the part behind "#" in the address keeps it, so that a view can be shared.
  const state = {
    dataset: DATA.settings[0].dataset,
    architectureSet: DATA.settings[0].architectureSet,
    cost: DATA.costs[0].key,
    combination: Object.keys(DATA.combinations)[0],
    size: "full",
    seeds: false,
    hidden: new Set(),
    chosen: null, // a point's key
    seed: null, // whose members are shown
  };

  // ---- words and numbers

  const element = (tag, attributes = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), attributes);
    made.append(...children);
    return made;
  };
  const number = (value, digits = 4) =>
    value.toLocaleString("en", { maximumSignificantDigits: digits });
  const percent = (fraction) => `${(100 * fraction).toFixed(2)} %`;
  const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;
  // An interval that is a point (FLOPs are the same for every seed) says nothing.
  const between = (spread, say) => {
    if (spread.low === null || say(spread.low) === say(spread.high)) return "";
    return ` (${say(spread.low)} to ${say(spread.high)})`;
  };
  // How many seeds a cost is a mean of: a time on a shared device is no measurement.
  const timed = (spread) => spread.each.filter((value) => value !== null).length;
  const titleOf = (point) => DATA.approaches[point.approach].title;

  const nameOf = (point) => `${point.name}, ${point.networks}`;
  const keyOf = (point) => [point.approach, point.g, point.budget, point.size, point.variant].join("/");

  // The unit in which the largest of these costs reads best: [label, how much it is].
  const unitOf = (costs) => {
    const { units } = DATA.costs.find((axis) => axis.key === state.cost);
    const largest = Math.max(0, ...costs.filter((cost) => cost !== null));
    const fitting = units.filter(([, unit]) => largest >= unit * (unit === 3600 ? 3 : 1));
    return fitting.length ? fitting[fitting.length - 1] : units[0];
  };

  // ---- what is shown

  const setting = () =>
    DATA.settings.find((s) => s.dataset === state.dataset && s.architectureSet === state.architectureSet);

  const inView = (point) => {
    if (state.hidden.has(point.approach)) return false;
    if (point.costs[state.cost].mean === null) return false;
    if (state.size === "full") return point.full;
    return state.size === "all" || point.size === Number(state.size);
  };

  // The points in view, the cheapest first, with what the plot needs of them.
  const view = () => {
    const points = setting().points.filter(inView);
    const [unit, divisor] = unitOf(points.map((point) => point.costs[state.cost].mean));
    const shown = points.map((point) => {
      const cost = point.costs[state.cost];
      const error = point.errors[state.combination];
      return {
        point,
        key: keyOf(point),
        x: cost.mean / divisor,
        y: 100 * error.mean,
        xs: [cost.low, cost.high].map((end) => (end === null ? null : end / divisor)),
        ys: [error.low, error.high].map((end) => (end === null ? null : 100 * end)),
        cost,
        error,
      };
    });
    shown.sort((a, b) => a.x - b.x || a.y - b.y);
    // Points that coincide are on the front together, or not at all.
    let best = { x: 0, y: Infinity };
    for (const one of shown) {
      one.onFront = one.y < best.y || (one.y === best.y && one.x === best.x);
      if (one.onFront) best = one;
    }
    return { shown, unit, divisor };
  };

  const hoverOf = (one, unit, divisor, seed = null) => {
    const { point, cost, error } = one;
    const at = seed === null ? null : point.seeds.indexOf(seed);
    const said = (spread, say) =>
      at === null ? say(spread.mean) + between(spread, say) : say(spread.each[at]);
    const lines = [
      `<b>${titleOf(point)}</b>`,
      ...(point.label ? [point.label] : []),
      `size ${point.size}`,
      seed === null
        ? point.seeds.length > 1
          ? `mean of ${point.seeds.length} seeds`
          : `seed ${point.seeds[0]}`
        : `seed ${seed}`,
      `error ${said(error, percent)}`,
      `cost ${said(cost, (value) => number(value / divisor))} ${unit}`,
      ...(timed(cost) < point.seeds.length ? [`(timed on ${plural(timed(cost), "seed")})`] : []),
    ];
    return lines.join("<br>");
  };

  // ---- the plot

  // Points that a line joins: MotherNets along g, others along budgets, or all along sizes.
  const seriesOf = (shown) => {
    const groups = new Map();
    for (const one of shown) {
      const { approach, g, budget, variant } = one.point;
      const parts =
        state.size === "all"
          ? [approach, g, budget, variant]
          : g === null
            ? [approach, one.point.named_variant]
            : [approach, budget, variant];
      const key = parts.join("/");
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(one);
    }
    for (const group of groups.values()) {
      const along = (one) =>
        state.size === "all" ? one.point.size : one.point.g === null ? one.point.budget : one.point.g;
      group.sort((a, b) => along(a) - along(b));
    }
    return [...groups.values()];
  };

  const bars = (ends, values, color) => ({
    type: "data",
    symmetric: false,
    array: ends.map(([, high], i) => (high === null ? 0 : Math.max(0, high - values[i]))),
    arrayminus: ends.map(([low], i) => (low === null ? 0 : Math.max(0, values[i] - low))),
    color,
    thickness: 1,
    width: 3,
  });

  const traceOf = (group, unit, divisor) => {
    const { approach, named_variant } = group[0].point;
    const { color, symbol, title } = DATA.approaches[approach];
    const xs = group.map((one) => one.x);
    const ys = group.map((one) => one.y);
    const named = state.size !== "all" && byId("plot").clientWidth > 600;
    return {
      name: named_variant ? `${title}, ${named_variant}` : title,
      x: xs,
      y: ys,
      mode: named ? "lines+markers+text" : "lines+markers",
      text: group.map((one) => (one.point.variant === named_variant ? one.point.label : "")),
      textposition: "top right",
      textfont: { size: 11, color: "#333333" },
      line: { color, width: group[0].point.g === null ? 1 : 2, dash: named_variant ? "dash" : "solid" },
      marker: {
        color,
        symbol,
        size: group.map((one) => (one.key === state.chosen ? 18 : 10)),
        line: { color: group.map((one) => (one.key === state.chosen ? "black" : "white")), width: 1.5 },
      },
      error_x: bars(group.map((one) => one.xs), xs, color),
      error_y: bars(group.map((one) => one.ys), ys, color),
      customdata: group.map((one) => [hoverOf(one, unit, divisor), one.key]),
      hovertemplate: "%{customdata[0]}<extra></extra>",
      showlegend: false,
    };
  };

  const seedsOf = (group, unit, divisor) => {
    const { color, symbol } = DATA.approaches[group[0].point.approach];
    const each = group.flatMap((one) =>
      one.point.seeds
        .map((seed, i) => ({ one, seed, cost: one.cost.each[i], error: one.error.each[i] }))
        .filter(({ cost }) => cost !== null),
    );
    return {
      x: each.map(({ cost }) => cost / divisor),
      y: each.map(({ error }) => 100 * error),
      mode: "markers",
      marker: { color, symbol: `${symbol}-open`, size: 6 },
      customdata: each.map(({ one, seed }) => [hoverOf(one, unit, divisor, seed), one.key]),
      hovertemplate: "%{customdata[0]}<extra></extra>",
      showlegend: false,
    };
  };

  const frontOf = (shown) => {
    const front = shown.filter((one) => one.onFront);
    const right = Math.max(...shown.map((one) => one.x));
    return {
      x: [...front.map((one) => one.x), right],
      y: [...front.map((one) => one.y), front[front.length - 1].y],
      mode: "lines",
      line: { shape: "hv", dash: "dot", color: "#666666", width: 1.5 },
      hoverinfo: "skip",
      showlegend: false,
    };
  };

  const CONFIG = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["select2d", "lasso2d"] };

  const layoutOf = (xTitle, yTitle, log) => ({
    // What a reader must know stays with the plot, also where it is saved as a picture.
    title: { text: setting().warning ?? "", font: { size: 13 }, x: 0.01, xanchor: "left" },
    margin: { l: 60, r: 15, t: setting().warning ? 40 : 10, b: 50 },
    font: { family: "system-ui, sans-serif", size: 13, color: "#1d1d1f" },
    xaxis: { title: { text: xTitle }, type: log ? "log" : "linear", rangemode: "tozero", gridcolor: "#e6e6e6" },
    yaxis: { title: { text: yTitle }, gridcolor: "#e6e6e6" },
    hovermode: "closest",
    plot_bgcolor: "white",
    // The same for as long as zooms shall be kept.
    uirevision: [state.dataset, state.architectureSet, state.combination, state.size, xTitle, log].join("/"),
  });

  const drawPlot = ({ shown, unit, divisor }) => {
    if (!shown.length) {
      const annotations = [{ text: "nothing to show", showarrow: false }];
      Plotly.react("plot", [], { ...layoutOf("", "", false), annotations }, CONFIG);
      return;
    }
    const xs = shown.map((one) => one.x);
    const log = Math.max(...xs) > 10 * Math.min(...xs);
    const groups = seriesOf(shown);
    const traces = [
      frontOf(shown),
      ...(state.seeds ? groups.map((group) => seedsOf(group, unit, divisor)) : []),
      ...groups.map((group) => traceOf(group, unit, divisor)),
    ];
    Plotly.react("plot", traces, layoutOf(`training cost (${unit})`, `${DATA.evaluatedOn} error (%)`, log), CONFIG);
  };

  // ---- the list of points: the same numbers as text, reachable by keyboard

  const drawPoints = ({ shown, unit, divisor }) => {
    const head = element("tr");
    for (const title of ["ensemble", `${DATA.evaluatedOn} error % (${INTERVAL})`, `cost, ${unit} (${INTERVAL})`, "on the front"]) {
      head.append(element("th", { scope: "col", textContent: title }));
    }
    const body = element("tbody");
    for (const one of shown) {
      const button = element("button", { type: "button", textContent: nameOf(one.point) });
      button.addEventListener("click", () => choose(one.key, true));
      const two = (value) => (100 * value).toFixed(2);
      const scaled = (value) => number(value / divisor);
      const row = element(
        "tr",
        {},
        element("td", {}, button),
        element("td", { className: "number", textContent: two(one.error.mean) + between(one.error, two) }),
        element("td", {
          className: "number",
          textContent: scaled(one.cost.mean) + between(one.cost, scaled),
        }),
        element("td", { textContent: one.onFront ? "yes" : "" }),
      );
      row.setAttribute("aria-selected", String(one.key === state.chosen));
      body.append(row);
    }
    byId("points").replaceChildren(element("thead", {}, head), body);
  };

  // ---- the chosen point

  const recordsOf = (point) => {
    const { records } = setting();
    const at = Math.max(0, point.seeds.indexOf(state.seed));
    return point.members[at].map((index) => records[index]);
  };

  // A record and what its network goes on from, the earliest first.
  const originsOf = (record) => {
    const { records } = setting();
    const found = [];
    for (let one = record; one; one = one.before > 0 ? records[one.parents[0]] : null) found.unshift(one);
    return found;
  };

  // The nearest MotherNet of a record: between the two may be siblings or snapshots.
  const motherOf = (record) => {
    const { records } = setting();
    for (const parent of record.parents.map((index) => records[index])) {
      const mother = parent.role === "mothernet" ? parent : motherOf(parent);
      if (mother) return mother;
    }
    return null;
  };

  const clustersOf = (members) => {
    const clusters = new Map();
    for (const member of members) {
      const key = motherOf(member) ?? member;
      if (!clusters.has(key)) clusters.set(key, []);
      clusters.get(key).push(member);
    }
    return [...clusters].map(([key, own]) => ({ mother: key.role === "mothernet" ? key : null, own }));
  };

  const namesOf = (record) => record.networks.map((network) => network.name);

  const tableOf = (titles, rows) =>
    element(
      "div",
      { className: "scroll" },
      element(
        "table",
        {},
        element("thead", {}, element("tr", {}, ...titles.map((t) => element("th", { scope: "col", textContent: t })))),
        element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((cell) => element("td", { textContent: cell }))))),
      ),
    );

  const drawClusters = (members) =>
    clustersOf(members).map(({ mother, own }, i) => {
      return element(
        "p",
        {},
        element("strong", { textContent: `Cluster ${i + 1}: ` }),
        own.flatMap(namesOf).join(", "),
        ...(mother
          ? [". MotherNet ", element("code", { textContent: mother.networks[0].structure })]
          : [". Alone: trained from scratch"]),
      );
    });

  const drawMembers = (members) => {
    const { records } = setting();
    const costs = members.map((record) => record.costs[state.cost]);
    const [unit, divisor] = unitOf(costs);
    const rows = members.map((record, i) => [
      record.networks.map(({ name, structure }) => `${name}: ${structure}`).join("; "),
      record.error === null ? "" : percent(record.error),
      String(record.epochs.at(-1) ?? ""),
      costs[i] === null ? "" : number(costs[i] / divisor),
      record.parents.map((index) => records[index].name).join(", "),
    ]);
    return tableOf(["network", `own ${DATA.evaluatedOn} error`, "own epochs", `own cost, ${unit}`, "starts from, or taught by"], rows);
  };

  const drawCurves = (members) => {
    const traces = new Map();
    const mothers = clustersOf(members).map(({ mother }) => mother);
    // Snapshots are all of one network: they are told apart by their records' names.
    const alike = new Set(members.flatMap(namesOf)).size < members.length;
    for (const member of members) {
      for (const record of originsOf(member)) {
        if (traces.has(record) || !record.epochs.length) continue;
        const mother = record.role === "mothernet";
        const name = alike ? record.name : namesOf(record).join("+");
        traces.set(record, {
          name: mother ? `MotherNet of cluster ${mothers.indexOf(record) + 1}` : name,
          x: record.epochs.map((epoch) => epoch + record.before),
          y: record.curve.map((error) => (error === null ? null : 100 * error)),
          mode: record.curve.length > 1 ? "lines" : "markers",
          line: { dash: mother ? "dot" : "solid", width: mother ? 2.5 : 1.5 },
          hovertemplate: "epoch %{x}<br>error %{y:.2f} %",
        });
      }
    }
    const layout = layoutOf("epochs, with what the network starts from", "validation error (%)", false);
    const legend = { orientation: "h", y: -0.4, font: { size: 11 } };
    Plotly.react("curves", [...traces.values()], { ...layout, legend, uirevision: state.chosen }, CONFIG);
  };

  const drawDetails = ({ unit, divisor }) => {
    const details = byId("details");
    const point = setting().points.find((one) => keyOf(one) === state.chosen);
    details.hidden = !point;
    if (byId("curves")) Plotly.purge("curves");
    byId("status").textContent = "";
    if (!point) return details.replaceChildren();
    if (!point.seeds.includes(state.seed)) state.seed = point.seeds[0];
    const members = recordsOf(point);
    const error = point.errors[state.combination];
    const cost = point.costs[state.cost];
    const scaled = (value) => number(value / divisor);
    const costSaid = cost.mean === null ? "no clean timing" : `${scaled(cost.mean)}${between(cost, scaled)} ${unit}`;
    const facts = `error ${percent(error.mean)}${between(error, percent)}, cost ${costSaid}`;
    byId("status").textContent = `${nameOf(point)}: ${facts}`;
    const seeds = element("select", { id: "seed" });
    for (const seed of point.seeds) seeds.append(new Option(seed, seed, false, seed === state.seed));
    seeds.addEventListener("change", () => {
      state.seed = Number(seeds.value);
      draw();
      byId("seed").focus();
    });
    const close = element("button", { type: "button", textContent: "Close" });
    close.addEventListener("click", () => {
      choose(null);
      byId("plot").focus();
    });
    const at = point.seeds.indexOf(state.seed);
    const own = cost.each[at] === null ? "" : `, cost ${scaled(cost.each[at])} ${unit}`;
    details.replaceChildren(
      element("h2", { textContent: nameOf(point) }),
      element("p", { textContent: `Mean of ${plural(point.seeds.length, "seed")}: ${facts} (${INTERVAL}).` }),
      element("div", { className: "actions" }, element("label", {}, "seed ", seeds), close),
      element("p", { textContent: `This seed: error ${percent(error.each[at])}${own}.` }),
      ...(point.g === null ? [] : [element("h3", { textContent: "Clusters" }), ...drawClusters(members)]),
      element("h3", { textContent: "Members" }),
      drawMembers(members),
      element("h3", { textContent: "Training curves" }),
      element("div", { id: "curves" }),
    );
    drawCurves(members);
  };

  // ---- the controls

  const fill = (id, options, value) => {
    const select = byId(id);
    select.replaceChildren(...options.map(([key, text]) => new Option(text, key, false, key === value)));
    select.disabled = options.length < 2;
  };

  const untimed = () => {
    const points = setting().points.filter((point) => point.costs[state.cost].mean === null);
    if (!points.length) return [];
    return [`${plural(points.length, "ensemble")} left out: the device was shared while they trained`];
  };

  const drawControls = () => {
    const unique = (pairs) => [...new Map(pairs)];
    fill("dataset", unique(DATA.settings.map((s) => [s.dataset, s.datasetTitle])), state.dataset);
    const here = DATA.settings.filter((s) => s.dataset === state.dataset);
    fill("architectureSet", here.map((s) => [s.architectureSet, s.architectureSet]), state.architectureSet);
    fill("cost", DATA.costs.map((axis) => [axis.key, axis.title]), state.cost);
    fill("combination", Object.entries(DATA.combinations).map(([key]) => [key, key.replaceAll("_", " ")]), state.combination);
    const sizes = [...new Set(setting().points.map((point) => point.size))].sort((a, b) => a - b);
    const words = [["full", "each approach's most"], ["all", "every number"]];
    fill("size", [...words, ...sizes.map((size) => [String(size), String(size)])], state.size);
    byId("seeds").checked = state.seeds;
    byId("notes").textContent = 
      [DATA.combinations[state.combination], ...setting().notes, ...untimed()].join(". ") + ".";
  };

  const drawApproaches = () => {
    for (const [name, look] of Object.entries(DATA.approaches)) {
      const box = element("input", { type: "checkbox", checked: !state.hidden.has(name), value: name });
      box.addEventListener("change", () => {
        if (box.checked) state.hidden.delete(name);
        else state.hidden.add(name);
        draw();
      });
      const swatch = element("span", { className: "swatch" });
      swatch.style.background = look.color;
      byId("approaches").append(element("label", {}, box, swatch, look.title));
    }
  };

  // ---- what changes the state

  const choose = (key, follow = false) => {
    state.chosen = key;
    draw();
    if (follow) {
      byId("details").focus({ preventScroll: true });
      byId("details").scrollIntoView({ block: "nearest" });
    }
  };

  const change = (id, value) => {
    state[id] = value;
    const fits = DATA.settings.filter((s) => s.dataset === state.dataset);
    if (!fits.some((s) => s.architectureSet === state.architectureSet)) state.architectureSet = fits[0].architectureSet;
    const sizes = new Set(["full", "all", ...setting().points.map((point) => String(point.size))]);
    if (!sizes.has(state.size)) state.size = "full";
    draw();
  };

  const hover = (key) => {
    const traces = byId("plot").data;
    for (const [curveNumber, trace] of traces.entries()) {
      if (!trace.mode.startsWith("lines+markers")) continue;
      const pointNumber = trace.customdata.findIndex(([, other]) => other === key);
      if (pointNumber >= 0) Plotly.Fx.hover("plot", [{ curveNumber, pointNumber }]);
    }
  };

  const onKey = (event) => {
    const { shown } = view();
    if (!shown.length || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = shown.findIndex((one) => one.key === state.chosen);
    const last = shown.length - 1;
    const to = {
      ArrowRight: Math.min(at + 1, last),
      ArrowLeft: Math.max(at - 1, 0),
      Home: 0,
      End: last,
    }[event.key];
    if (event.key === "Enter" && at >= 0) choose(state.chosen, true);
    else if (event.key === "Escape") choose(null);
    else if (to !== undefined) {
      event.preventDefault();
      choose(shown[to].key);
      hover(state.chosen);
    }
  };

  const SHARED = ["dataset", "architectureSet", "cost", "combination", "size"];

  const writeAddress = () => {
    const kept = new URLSearchParams(SHARED.map((id) => [id, state[id]]));
    if (state.seeds) kept.set("seeds", "1");
    if (state.chosen) kept.set("chosen", state.chosen);
    if (state.hidden.size) kept.set("hidden", [...state.hidden].join(","));
    // A page inside another one (the report) may not have an address of its own.
    try {
      history.replaceState(null, "", `#${kept}`);
    } catch {
      return;
    }
  };

  const readAddress = () => {
    const kept = new URLSearchParams(location.hash.slice(1));
    const [dataset, architectureSet] = [kept.get("dataset"), kept.get("architectureSet")];
    if (DATA.settings.some((s) => s.dataset === dataset && s.architectureSet === architectureSet)) {
      Object.assign(state, { dataset, architectureSet });
    }
    if (DATA.costs.some((axis) => axis.key === kept.get("cost"))) state.cost = kept.get("cost");
    if (kept.get("combination") in DATA.combinations) state.combination = kept.get("combination");
    const sizes = ["full", "all", ...setting().points.map((point) => String(point.size))];
    if (sizes.includes(kept.get("size"))) state.size = kept.get("size");
    state.seeds = kept.get("seeds") === "1";
    state.chosen = kept.get("chosen");
    state.hidden = new Set((kept.get("hidden") ?? "").split(",").filter((name) => name in DATA.approaches));
  };

  const draw = () => {
    drawControls();
    const now = view();
    drawPlot(now);
    drawPoints(now);
    drawDetails(now);
    writeAddress();
  };

  const start = () => {
    readAddress();
    drawApproaches();
    for (const id of SHARED) byId(id).addEventListener("change", () => change(id, byId(id).value));
    byId("seeds").addEventListener("change", () => change("seeds", byId("seeds").checked));
    byId("controls").addEventListener("submit", (event) => event.preventDefault());
    byId("plot").addEventListener("keydown", onKey);
    draw();
    byId("plot").on("plotly_click", ({ points }) => choose(points[0].customdata[1]));
  };

  start();
})();
