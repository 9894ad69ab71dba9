// The item table of a page of scores: search, choice of what is shown, pages, links to single items.
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
  // data.columns: {name, pool?, letters?, isId?, outOf?, badUnlessColumn?, isSearched?, isHidden?}; data.choices: {name, column, is | differsFrom | equals | below}.
  const letters = {0: 'A', 1: 'B', '-1': '–'};
  const columns = data.columns;
  const idColumn = columns.findIndex((column) => column.isId);

  const passesChoice = (choice) => (row) => {
    const value = row[choice.column];
    if ('is' in choice) return value === choice.is;
    if ('differsFrom' in choice) return value !== row[choice.differsFrom];
    if ('equals' in choice) return value === row[choice.equals];
    return value < choice.below;
  };
  const choices = [['all items', () => true], ...data.choices.map((choice) => [choice.name, passesChoice(choice)])];
  choices.forEach(([name], i) => which.append(new Option(name, i)));

  const textAt = (row, i) => {
    const column = columns[i];
    if (column.pool) return column.pool[row[i]];
    if (column.letters) return letters[row[i]];
    if (column.outOf) return column.outOf === 1 ? (row[i] ? 'right' : 'wrong') : row[i] + ' of ' + column.outOf;
    return row[i];
  };
  const isBad = (row, i) => {
    const column = columns[i];
    if (column.outOf) return row[i] < column.outOf;
    return 'badUnlessColumn' in column && row[i] !== row[column.badUnlessColumn];
  };

  const head = document.createElement('thead');
  const headRow = head.insertRow();
  for (const column of columns) {
    if (column.isHidden) continue;
    const cell = document.createElement('th');
    cell.scope = 'col';
    cell.textContent = column.name;
    headRow.append(cell);
  }
  const body = document.createElement('tbody');
  table.append(head, body);

  const searched = columns.flatMap((column, i) => (column.isSearched ? [i] : []));
  const textOf = data.rows.map((row) => searched.map((i) => textAt(row, i)).join('\n').toLowerCase());
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
      columns.forEach((column, i) => {
        if (column.isHidden) return;
        if (!column.isId) {
          cellWith(line, textAt(row, i), isBad(row, i));
          return;
        }
        const cell = cellWith(line, '');
        const link = document.createElement('a');
        link.href = '#item-' + encodeURIComponent(row[i]);
        link.textContent = row[i];
        cell.firstChild.append(link);
      });
    }
    back.disabled = page === 0;
    on.disabled = (page + 1) * perPage >= shown.length;
  }

  function choose() {
    const wanted = query.value.trim().toLowerCase();
    const passes = choices[Number(which.value) || 0][1];
    shown = [];
    data.rows.forEach((row, index) => {
      if (exact !== null ? row[idColumn] === exact : passes(row) && textOf[index].includes(wanted)) shown.push(index);
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
