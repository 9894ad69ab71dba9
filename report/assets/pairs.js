// The item table of a page of minimal-pair scores: search, choice of what is shown, pages, links to single items.
'use strict';

(() => {
  const data = JSON.parse(document.getElementById('item-data').textContent);
  const table = document.getElementById('item-table');
  const query = document.getElementById('query');
  const which = document.getElementById('which');
  const found = document.getElementById('found');
  const pageNumber = document.getElementById('page-number');
  const back = document.getElementById('page-back');
  const on = document.getElementById('page-on');
  const perPage = 100;
  const letters = {0: 'A', 1: 'B', '-1': '–'};
  // A row: model, task, id, source, question, candidates, response, right answer, strict, robust.
  const [MODEL, TASK, ID, SOURCE, QUESTION, CANDIDATES, RESPONSE, RIGHT, STRICT, ROBUST] = Array(10).keys();
  const several = data.models.length > 1;

  const choices = [
    ['all items', () => true],
    ['wrong answers', (row) => row[STRICT] !== row[RIGHT]],
    ['right answers', (row) => row[STRICT] === row[RIGHT]],
    ['unparsed', (row) => row[STRICT] < 0],
    ['read differently by the robust rule', (row) => row[STRICT] !== row[ROBUST]],
  ];
  if (several) data.models.forEach((name, i) => choices.push([name, (row) => row[MODEL] === i]));
  data.tasks.forEach((name, i) => choices.push([name, (row) => row[TASK] === i]));
  choices.forEach(([name], i) => which.append(new Option(name, i)));

  const heads = [...(several ? ['model'] : []), 'id', 'task', 'source', 'question', 'A', 'B', 'response', 'right', 'strict', 'robust'];
  const head = document.createElement('thead');
  const headRow = head.insertRow();
  for (const text of heads) {
    const cell = document.createElement('th');
    cell.scope = 'col';
    cell.textContent = text;
    headRow.append(cell);
  }
  const body = document.createElement('tbody');
  table.append(head, body);

  const textOf = data.rows.map((row) => [
    row[ID], data.sources[row[SOURCE]], data.questions[row[QUESTION]], row[RESPONSE]].join('\n').toLowerCase());
  let shown = [];
  let exact = null;

  function cellWith(row, text, isMarked) {
    const cell = row.insertCell();
    const inner = document.createElement('bdi');
    inner.textContent = text;
    cell.append(inner);
    if (isMarked) cell.className = 'bad';
    return cell;
  }

  function render() {
    const page = Number(pageNumber.value) || 0;
    body.replaceChildren();
    for (const index of shown.slice(page * perPage, (page + 1) * perPage)) {
      const row = data.rows[index];
      const line = body.insertRow();
      if (several) cellWith(line, data.models[row[MODEL]]);
      const idCell = cellWith(line, '');
      const link = document.createElement('a');
      link.href = '#item-' + encodeURIComponent(row[ID]);
      link.textContent = row[ID];
      idCell.firstChild.append(link);
      cellWith(line, data.tasks[row[TASK]]);
      cellWith(line, data.sources[row[SOURCE]]);
      cellWith(line, data.questions[row[QUESTION]]);
      const candidates = data.candidates[row[CANDIDATES]];
      cellWith(line, candidates[0]);
      cellWith(line, candidates[1]);
      cellWith(line, row[RESPONSE]);
      cellWith(line, letters[row[RIGHT]]);
      cellWith(line, letters[row[STRICT]], row[STRICT] !== row[RIGHT]);
      cellWith(line, letters[row[ROBUST]], row[ROBUST] !== row[RIGHT]);
    }
    back.disabled = page === 0;
    on.disabled = (page + 1) * perPage >= shown.length;
  }

  function choose() {
    const wanted = query.value.trim().toLowerCase();
    const passes = choices[Number(which.value) || 0][1];
    shown = [];
    data.rows.forEach((row, index) => {
      if (exact !== null ? row[ID] === exact : passes(row) && textOf[index].includes(wanted)) shown.push(index);
    });
    found.textContent = shown.length.toLocaleString('en') + ' of ' + data.rows.length.toLocaleString('en') + ' items';
    pageNumber.replaceChildren();
    for (let page = 0; page * perPage < Math.max(1, shown.length); ++page) pageNumber.append(new Option(page + 1, page));
    render();
  }

  function followLink() {
    if (!location.hash.startsWith('#item-')) return;
    try {
      exact = decodeURIComponent(location.hash.slice('#item-'.length));
    } catch {
      return;
    }
    query.value = exact;
    choose();
    document.getElementById('items').scrollIntoView();
  }

  const free = (action) => () => {
    exact = null;
    action();
  };
  query.addEventListener('input', free(choose));
  which.addEventListener('change', free(choose));
  pageNumber.addEventListener('change', render);
  back.addEventListener('click', () => { pageNumber.selectedIndex -= 1; render(); });
  on.addEventListener('click', () => { pageNumber.selectedIndex += 1; render(); });
  addEventListener('hashchange', followLink);
  document.getElementById('item-find').hidden = false;
  document.getElementById('item-pager').hidden = false;
  choose();
  followLink();
})();
