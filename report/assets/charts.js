// Draws the page's Vega specifications, in the colours of the page's theme and the width of their place, and saves them.
'use strict';

const physprobeReport = {};
const charts = (() => {
  const transforms = vegaModules['vega-dataflow'].transforms;
  for (const name of ['vega-transforms', 'vega-view-transforms', 'vega-encode']) {
    Object.assign(transforms, vegaModules[name]);
  }
  const {View} = vegaModules['vega-view'];
  const {parse} = vegaModules['vega-parser'];
  const {expressionInterpreter} = vegaModules['vega-interpreter'];
  const drawn = new Map();  // plot element -> {make, view, width}

  const tip = document.createElement('div');
  tip.className = 'tip';
  tip.hidden = true;
  document.body.append(tip);

  function showTip(handler, event, item, value) {
    if (!value || typeof value !== 'object') {
      tip.hidden = true;
      return;
    }
    tip.replaceChildren(...Object.entries(value).map(([key, text]) => {
      const row = document.createElement('div');
      const name = document.createElement('span');
      name.textContent = key;
      const number = document.createElement('b');
      number.textContent = text;
      row.append(name, number);
      return row;
    }));
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - box.width - 8)) + 'px';
    tip.style.top = Math.max(4, event.clientY - box.height - 10) + 'px';
  }

  function themed(spec) {
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue('--' + name).trim();
    return withSignals(spec, {
      ink: colour('ink'),
      quiet: colour('quiet'),
      hair: colour('hair'),
      paper: colour('paper'),
      palette: [1, 2, 3, 4].map((i) => colour('series-' + i)),
    });
  }

  function withSignals(spec, values) {
    const copy = structuredClone(spec);
    for (const signal of copy.signals) {
      if (signal.name in values) signal.value = values[signal.name];
    }
    return copy;
  }

  function runtime(spec) {
    const font = getComputedStyle(document.body).fontFamily;
    const text = {labelFont: font, titleFont: font};
    return parse(spec, {axis: text, text: {font}, title: {font}}, {ast: true});
  }

  // `make(width)` gives a specification without theme.
  function draw(plot, make) {
    const width = Math.floor(plot.clientWidth);
    if (width < 40) return;
    const known = drawn.get(plot);
    if (known) {
      known.view.finalize();
    } else {
      widths.observe(plot);
    }
    const view = new View(runtime(themed(make(width))), {
      expr: expressionInterpreter,
      renderer: 'svg',
      container: plot,
      hover: true,
      tooltip: showTip,
    });
    drawn.set(plot, {make, view, width});
    // The plot is an image with a name of its own: Vega's roles for every mark are not read beside it.
    view.runAsync().then(() => plot.querySelector('svg').setAttribute('aria-hidden', 'true'));
  }

  function redraw(onlyIfResized) {
    for (const [plot, {make, width}] of drawn) {
      if (!plot.isConnected) {
        widths.unobserve(plot);
        drawn.delete(plot);
      } else if (!onlyIfResized || Math.floor(plot.clientWidth) !== width) {
        draw(plot, make);
      }
    }
  }

  // A plot's place may change its width without the window doing so.
  let waiting = 0;
  const widths = new ResizeObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(() => redraw(true), 60);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => redraw(false));
  addEventListener('scroll', () => { tip.hidden = true; }, {passive: true});

  function save(name, type, text) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], {type}));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  // The saved picture is for paper: the specification's own light colours on white.
  async function saveSvg(plot, name) {
    const known = drawn.get(plot);
    if (!known) return;
    const spec = known.make(Math.max(known.width, 640));
    spec.background = '#ffffff';
    spec.padding = Object.assign({left: 8, right: 8, top: 8, bottom: 8}, typeof spec.padding === 'object' ? spec.padding : {});
    const view = new View(runtime(spec), {expr: expressionInterpreter, renderer: 'none'});
    save(name + '.svg', 'image/svg+xml', await view.toSVG());
    view.finalize();
  }

  // All digits of a table: a cell with an interval becomes three columns.
  function tableCsv(table) {
    const quote = (text) => /[",\n\r]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
    const body = [...table.tBodies].flatMap((part) => [...part.rows]);
    const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
    const hasInterval = heads.map((_, i) => body.some((row) => row.cells[i] && row.cells[i].querySelector('.ci')));
    const lines = [heads.flatMap((head, i) => {
      const name = head.textContent.trim();
      return hasInterval[i] ? [name, name + ' low', name + ' high'] : [name];
    })];
    for (const row of body) {
      lines.push([...row.cells].flatMap((cell, i) => {
        const value = 'v' in cell.dataset ? cell.dataset.v : cell.textContent.trim();
        if (!hasInterval[i]) return [value];
        const interval = cell.querySelector('.ci');
        return [value, interval ? interval.dataset.low : '', interval ? interval.dataset.high : ''];
      }));
    }
    return lines.map((line) => line.map(quote).join(',') + '\r\n').join('');
  }

  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-save]');
    if (!button) return;
    const frame = button.closest('figure, article');
    const name = frame.id.replace(/[^\p{L}\p{N}._-]+/gu, '_').slice(0, 100);
    if (button.dataset.save === 'csv') {
      save(name + '.csv', 'text/csv', tableCsv(frame.querySelector('table.series, details.data table')));
    } else {
      saveSvg(frame.querySelector('.plot'), name);
    }
  });

  // A chart of many is drawn when its place comes near; all of them before the page is printed.
  const undrawn = new Map();
  function drawOnce(place) {
    const drawIt = undrawn.get(place);
    if (!undrawn.delete(place)) return;
    nearing.unobserve(place);
    drawIt();
  }
  const nearing = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) drawOnce(entry.target);
    }
  }, {rootMargin: '600px'});
  addEventListener('beforeprint', () => {
    for (const place of [...undrawn.keys()]) drawOnce(place);
  });
  function whenNear(place, drawIt) {
    undrawn.set(place, drawIt);
    nearing.observe(place);
  }

  for (const figure of document.querySelectorAll('figure.chart')) {
    const spec = JSON.parse(figure.querySelector('script.spec').textContent);
    figure.querySelector('.save').hidden = false;
    draw(figure.querySelector('.plot'), (width) => withSignals(spec, {width}));
  }
  return {draw, whenNear, withSignals};
})();
