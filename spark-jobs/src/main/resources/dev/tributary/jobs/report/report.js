"use strict";
(() => {
  const plots = JSON.parse(document.getElementById("plots").textContent);
  const drawn = [];

  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  // What a plot says, beside its place's title: `across` is what x is, `at` are its values; `lines`
  // are named by `names`; `band` has lower and upper ends around the first line. With `bars` the
  // first line is a histogram whose bars end at x, `percent` is the number of a line that has an
  // axis of its own, 0 to 100, and `mark` is a line upright at `at` with a `label`.
  const wholes = [];
  for (let power = 1; power < 1e12; power *= 10) {
    wholes.push(power, 2 * power, 5 * power);
  }

  function draw(place) {
    const plot = plots[Number(place.dataset.plot)];
    const small = place.closest(".small") !== null;
    const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
    const inks = [colour("--one"), colour("--two")];
    const series = [{ label: plot.across }];
    const data = [plot.at];
    plot.lines.forEach((line, i) => {
      data.push(line);
      const look = { label: plot.names[i], stroke: inks[i], width: 2, spanGaps: true, points: { show: plot.at.length <= 40, size: 6 } };
      if (plot.bars && i === 0) {
        Object.assign(look, { width: 1, fill: inks[i] + "59", points: { show: false }, paths: uPlot.paths.bars({ size: [1, Infinity], align: -1 }) });
      }
      if (plot.percent === i) {
        Object.assign(look, { scale: "percent", points: { show: false }, value: (u, v) => v == null ? "--" : v.toFixed(1) + " %" });
      }
      series.push(look);
    });
    const bands = [];
    if (plot.band) {
      const from = data.length;
      ["95 % low", "95 % high"].forEach((label, i) => {
        data.push(plot.band[i]);
        series.push({ label, stroke: inks[0], width: 1, dash: [4, 4], spanGaps: true, points: { show: false } });
      });
      bands.push({ series: [from + 1, from], fill: inks[0] + "26" });
    }
    const width = Math.max(200, place.clientWidth);
    place.textContent = "";
    const one = plot.at.length === 1 ? plot.at[0] : null;
    let across = one === null ? undefined : [one - 1, one + 1];
    if (plot.bars) {
      const last = plot.at[plot.at.length - 1] || 1;
      across = [0, Math.max(last, plot.mark ? plot.mark.at * 1.05 : 0)];
    }
    const axes = [
      { ...axis, space: plot.bars ? 50 : 40, incrs: wholes },
      plot.bars ? { ...axis, size: 58, incrs: wholes } : { ...axis, size: 58 },
    ];
    const scales = { x: { time: false, range: across } };
    if (plot.bars) {
      scales.y = { range: (u, low, high) => [0, Math.max(1, high * 1.05)] };
    }
    if (plot.percent !== undefined) {
      axes.push({ ...axis, side: 1, scale: "percent", grid: { show: false }, size: 58, values: (u, ticks) => ticks.map(v => v + " %") });
      scales.percent = { range: [0, 100] };
    }
    return new uPlot({
      width,
      height: small ? 130 : 220,
      scales,
      axes,
      legend: { show: !small },
      cursor: { y: false, drag: { x: false, y: false } },
      series,
      bands,
      hooks: plot.mark ? { draw: [u => mark(u, plot.mark, colour("--ink"), colour("--panel"))] } : {},
    }, data, place);
  }

  function mark(u, { at, label }, ink, ground) {
    const x = Math.round(u.valToPos(at, "x", true));
    const { ctx, bbox } = u;
    const right = x < bbox.left + bbox.width / 2;
    ctx.save();
    ctx.strokeStyle = ink;
    ctx.fillStyle = ink;
    ctx.lineWidth = devicePixelRatio;
    ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    ctx.textAlign = right ? "left" : "right";
    ctx.textBaseline = "middle";
    const from = x + (right ? 6 : -6) * devicePixelRatio;
    const middle = bbox.top + bbox.height * 0.45; // between the bars and the line above them
    ctx.setLineDash([]);
    ctx.strokeStyle = ground;
    ctx.lineWidth = 4 * devicePixelRatio;
    ctx.strokeText(label, from, middle);
    ctx.fillText(label, from, middle);
    ctx.restore();
  }

  function drawAll() {
    drawn.splice(0).forEach(plot => plot.destroy());
    document.querySelectorAll(".plot").forEach(place => drawn.push(draw(place)));
  }

  let waiting = 0;
  function redraw() {
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 100);
  }

  drawAll();
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth !== width) { // phones resize as their bars come and go
      width = window.innerWidth;
      redraw();
    }
  });
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);

  document.querySelectorAll("article").forEach(article => {
    const search = article.querySelector(".search");
    if (!search) {
      return;
    }
    const verdict = article.querySelector(".verdict");
    const answers = [...article.querySelectorAll(".answer")];
    const texts = answers.map(answer => answer.textContent.toLowerCase());
    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      answers.forEach((answer, i) => {
        const shown = words.every(word => texts[i].includes(word))
          && (!verdict.value || answer.dataset.verdict === verdict.value);
        answer.hidden = !shown;
        count += shown;
      });
      article.querySelector(".count").textContent = `${count} of ${answers.length}`;
    };
    search.addEventListener("input", filter);
    verdict.addEventListener("change", filter);
    filter();
  });
})();
