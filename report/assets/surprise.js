// A pair's surprise over time, both members in one chart.
'use strict';

(() => {
  const spec = JSON.parse(document.getElementById('surprise-spec').textContent);
  const number = (cell) => (cell.textContent === '' ? null : Number(cell.textContent));

  function points(table) {
    return [...table.tBodies[0].rows].flatMap((row) => ['possible', 'impossible'].map((member, i) => ({
      member,
      time: number(row.cells[0]),
      surprise: number(row.cells[i + 1]),
    })));
  }

  for (const card of document.querySelectorAll('article.voe')) {
    const plot = card.querySelector('.plot');
    const table = card.querySelector('table.series');
    const moment = plot.dataset.moment === '' ? null : Number(plot.dataset.moment);
    card.querySelector('.save').hidden = false;
    charts.whenNear(card, () => charts.draw(plot, (width) => {
      const filled = charts.withSignals(spec, {width, moment});
      filled.data.find((set) => set.name === 'points').values = points(table);
      return filled;
    }));
  }
})();
