// One video: its angles drawn under the frames they belong to, and a line that moves with the clip.
'use strict';

const cards = (() => {
  const spec = JSON.parse(document.getElementById('angles-spec').textContent);

  // Where the strip's frames lie: sample positions and, in shares of the width, their centres.
  function geometry(trace) {
    const samples = Number(trace.dataset.samples);
    const strip = trace.dataset.strip === '' ? [] : trace.dataset.strip.split(',').map(Number);
    if (strip.length >= 2) return {at: strip, share: strip.map((_, i) => (i + 0.5) / strip.length)};
    return {at: [0, Math.max(1, samples - 1)], share: [0.02, 0.98]};
  }

  function interpolate(from, to, value) {
    let i = 1;
    while (i < from.length - 1 && value > from[i]) ++i;
    const span = from[i] - from[i - 1];
    return to[i - 1] + (span === 0 ? 0 : (value - from[i - 1]) / span) * (to[i] - to[i - 1]);
  }

  function angles(card) {
    const table = card.querySelector('table.series');
    if (!table) return null;
    const heads = [...table.tHead.rows[0].cells].slice(3);
    const points = [];
    for (const row of table.tBodies[0].rows) {
      heads.forEach((head, i) => {
        if (head.dataset.kind === 'aside') return;
        const text = row.cells[i + 3].textContent;
        points.push({
          sample: Number(row.cells[0].textContent),
          frame: row.cells[1].textContent || '–',
          time: row.cells[2].textContent === '' ? '–' : Number(row.cells[2].textContent).toFixed(3),
          series: head.textContent,
          kind: head.dataset.kind,
          value: text === '' ? null : Number(text),
        });
      });
    }
    const named = (kind) => heads.filter((head) => head.dataset.kind === kind).map((head) => ({series: head.textContent, kind}));
    const others = named('other');
    if (others.length > 1) others.splice(0, others.length, {series: others.length + ' other layers', kind: 'other'});
    return {
      points,
      mains: named('main').map(({series}) => series),
      legend: [...named('pixel'), ...others, ...named('main')],
    };
  }

  // One line, set from the right; on a narrow card every name gives up the same share.
  function placeLegend(legend, width) {
    const wanted = legend.map(({series}) => 44 + 6.6 * series.length);
    const shrink = Math.min(1, (width - 8) / wanted.reduce((sum, size) => sum + size, 0));
    let x = width;
    return legend.map((entry, i) => [entry, wanted[i] * shrink]).reverse().map(([entry, size]) => {
      x -= size;
      return {...entry, x, limit: size - 34};
    });
  }

  function drawAngles(card) {
    const trace = card.querySelector('.trace');
    const plot = card.querySelector('.plot.angles');
    const data = angles(card);
    if (!data) {
      plot.hidden = true;
      return;
    }
    const {at, share} = geometry(trace);
    charts.draw(plot, (width) => {
      const filled = charts.withSignals(spec, {width, mains: data.mains, xDomain: at, xRange: share.map((s) => s * width)});
      filled.data.find((set) => set.name === 'points').values = data.points;
      filled.data.find((set) => set.name === 'legend').values = placeLegend(data.legend, width);
      return filled;
    });
  }

  // The browser's own controls darken a small clip; a button and the clip itself do the same.
  function addPlayButton(video) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'play';
    const name = () => {
      button.setAttribute('aria-label', video.paused ? 'Play the clip' : 'Pause the clip');
      button.classList.toggle('playing', !video.paused);
    };
    const toggle = () => { if (video.paused) video.play().catch(() => {}); else video.pause(); };
    video.removeAttribute('controls');
    for (const source of [button, video]) source.addEventListener('click', toggle);
    for (const change of ['play', 'pause']) video.addEventListener(change, name);
    name();
    video.after(button);
  }

  function followClip(card) {
    const video = card.querySelector('video');
    const trace = card.querySelector('.trace');
    if (!video) return;
    const standIn = () => {
      video.parentElement.replaceWith(Object.assign(document.createElement('p'), {
        className: 'no-clip',
        textContent: 'This browser cannot play the clip; the film strip stands in.',
      }));
    };
    // The clip may have failed before this script ran.
    if (video.error) {
      standIn();
      return;
    }
    video.addEventListener('error', standIn);
    addPlayButton(video);
    const {at, share} = geometry(trace);
    const playhead = trace.querySelector('.playhead');
    const reel = trace.querySelector('.reel');
    const samples = Number(trace.dataset.samples);
    // The clip shows at most 48 of the sampled frames, each for the same time.
    const shown = Math.max(2, Math.min(48, Number(trace.dataset.distinct)));
    const lastStart = () => video.duration * (shown - 1) / shown;
    const place = () => {
      if (!(video.duration > 0)) return;
      const sample = Math.min(1, video.currentTime / lastStart()) * (samples - 1);
      playhead.style.left = 100 * Math.min(1, Math.max(0, interpolate(at, share, sample))) + '%';
      playhead.hidden = false;
    };
    const tick = () => {
      place();
      if (!video.paused) requestAnimationFrame(tick);
    };
    video.addEventListener('play', tick);
    video.addEventListener('seeked', place);
    reel.addEventListener('pointermove', (event) => {
      if (event.pointerType === 'touch' || !(video.duration > 0)) return;
      video.pause();
      const box = reel.getBoundingClientRect();
      const sample = interpolate(share, at, (event.clientX - box.left) / box.width);
      video.currentTime = Math.min(1, Math.max(0, sample / Math.max(1, samples - 1))) * lastStart();
    });
    trace.addEventListener('keydown', (event) => {
      const step = {ArrowLeft: -1, ArrowRight: 1}[event.key];
      if (step === undefined || !(video.duration > 0)) return;
      event.preventDefault();
      video.pause();
      video.currentTime = Math.min(lastStart(), Math.max(0, video.currentTime + step * video.duration / shown));
    });
  }

  function wake(root) {
    for (const card of root.querySelectorAll('article.card')) {
      // At once, not when the chart is drawn: a card must not grow above a reader who followed a link.
      card.querySelector('.save').hidden = !card.querySelector('table.series');
      followClip(card);
      charts.whenNear(card, () => drawAngles(card));
    }
  }
  wake(document.getElementById('cards'));
  return {wake};
})();
