// Finding videos: the filter, the pages in report_data/ and permanent links to videos that stand there.
'use strict';

(() => {
  const facts = JSON.parse(document.getElementById('facts').textContent);
  const byId = (id) => document.getElementById(id);
  const query = byId('query');
  const onPage = [...document.querySelectorAll('#cards article.card')];
  const index = [];  // [id, label, page]
  let indexLoading = null;
  let shownPage = 0;
  const waiting = new Map();
  const turners = [...document.querySelectorAll('[data-turn]')];
  const isPage = (number) => number >= 1 && number <= facts.pages;

  function loadScript(name) {
    return new Promise((resolve, reject) => {
      const script = document.createElement('script');
      waiting.set(name, resolve);
      script.src = 'report_data/' + name + '.js';
      script.onerror = () => reject(new Error('report_data/' + name + '.js'));
      document.head.append(script);
      script.onload = () => script.remove();
    });
  }
  const fileName = (stem, number) => stem + '-' + String(number).padStart(3, '0');
  physprobeReport.receivePage = (number, articles) => waiting.get(fileName('page', number))(articles);
  physprobeReport.receiveIndex = (number, rows) => waiting.get(fileName('index', number))(rows);

  function complain(error) {
    byId('page-problem').textContent = error.message + ' cannot be read: keep the folder report_data beside this file.';
    byId('page-problem').hidden = false;
  }

  function loadIndex() {
    if (!indexLoading) {
      indexLoading = (async () => {
        for (let i = 1; i <= facts.indexFiles; ++i) {
          for (const row of await loadScript(fileName('index', i))) index.push(row);
        }
      })();
      indexLoading.catch((error) => { indexLoading = null; complain(error); });
    }
    return indexLoading;
  }

  async function showPage(number) {
    const articles = await loadScript(fileName('page', number));
    const place = byId('page-cards');
    place.innerHTML = articles.join('');
    cards.wake(place);
    shownPage = number;
    byId('page-problem').hidden = true;
    byId('page-name').textContent = 'page ' + number + ' of ' + facts.pages + ', from report_data';
    byId('page-number').value = number;
    byId('page-foot').hidden = false;
    for (const button of turners) button.disabled = !isPage(number + Number(button.dataset.turn));
  }

  // A permanent link to a video that is not on the page opens its page first.
  async function followLink() {
    let id;
    try {
      id = decodeURIComponent(location.hash.slice(1));
    } catch {
      return;
    }
    if (!id.startsWith('item-')) return;
    if (!byId(id) && facts.paged > 0) {
      try {
        await loadIndex();
        const row = index.find((entry) => 'item-' + entry[0] === id);
        if (!row) return;
        await showPage(row[2]);
      } catch (error) {
        complain(error);
        return;
      }
    }
    const card = byId(id);
    if (!card) return;
    card.scrollIntoView({behavior: 'instant', block: 'start'});
    for (const old of document.querySelectorAll('.card.target')) old.classList.remove('target');
    card.classList.add('target');
  }

  function filterCards(words) {
    let count = 0;
    for (const card of onPage) {
      card.hidden = !words.every((word) => card.dataset.search.includes(word));
      if (!card.hidden) ++count;
    }
    for (const group of document.querySelectorAll('#cards section.group')) {
      group.hidden = !group.querySelector('article.card:not([hidden])');
    }
    return count;
  }

  let turn = 0;
  async function search() {
    const mine = ++turn;
    const words = query.value.toLowerCase().split(/\s+/).filter((word) => word !== '');
    const count = filterCards(words);
    const hits = byId('paged-hits');
    hits.replaceChildren();
    if (words.length === 0) {
      byId('found').textContent = '';
      return;
    }
    byId('found').textContent = count + ' of ' + onPage.length + ' on this page';
    if (facts.paged === 0) return;
    try {
      await loadIndex();
    } catch {
      return;
    }
    if (mine !== turn) return;
    const found = index.filter((row) => words.every((word) => (row[0] + ' ' + row[1]).toLowerCase().includes(word)));
    byId('found').textContent += ', ' + found.length + ' of ' + facts.paged + ' in report_data' + (found.length > 40 ? ' (the first 40 here)' : '');
    hits.replaceChildren(...found.slice(0, 40).map(([id, label]) => {
      const item = document.createElement('li');
      const link = document.createElement('a');
      const name = document.createElement('bdi');
      name.textContent = id;
      link.href = '#item-' + encodeURIComponent(id);
      link.append(name);
      item.append(link);
      if (label) {
        const tag = document.createElement('span');
        tag.className = 'label';
        tag.textContent = label;
        item.append(' ', tag);
      }
      return item;
    }));
  }

  byId('find').hidden = false;
  query.addEventListener('input', search);
  if (facts.paged > 0) {
    byId('paged').hidden = false;
    const select = byId('page-number');
    for (let i = 1; i <= facts.pages; ++i) select.append(new Option(i, i));
    select.selectedIndex = -1;
    const turnTo = (number) => showPage(number).catch(complain);
    select.addEventListener('change', () => turnTo(Number(select.value)));
    for (const button of turners) {
      button.addEventListener('click', async () => {
        const number = shownPage + Number(button.dataset.turn);
        if (!isPage(number)) return;
        await turnTo(number);
        if (button.closest('#page-foot')) byId('paged').scrollIntoView({behavior: 'instant'});
      });
    }
    byId('page-back').disabled = true;
    byId('page-name').textContent = facts.pages + ' pages in report_data';
  }
  addEventListener('hashchange', followLink);
  followLink();
})();
