"use strict";
(() => {
  const plots = JSON.parse(document.getElementById("plots").textContent);
  const drawn = [];

  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function draw(place) {
    const plot = plots[Number(place.dataset.plot)];
    const small = place.closest(".small") !== null;
    const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
    const inks = [colour("--one"), colour("--two")];
    const series = [{ label: "round" }];
    const data = [plot.rounds];
    plot.lines.forEach((line, i) => {
      data.push(line);
      series.push({ label: plot.names[i], stroke: inks[i], width: 2, spanGaps: true, points: { show: plot.rounds.length <= 40, size: 6 } });
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
    const one = plot.rounds.length === 1 ? plot.rounds[0] : null;
    return new uPlot({
      width,
      height: small ? 130 : 220,
      scales: { x: { time: false, range: one === null ? undefined : [one - 1, one + 1] } },
      axes: [
        { ...axis, space: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000] },
        { ...axis, size: 58 },
      ],
      legend: { show: !small },
      cursor: { y: false, drag: { x: false, y: false } },
      series,
      bands,
    }, data, place);
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
